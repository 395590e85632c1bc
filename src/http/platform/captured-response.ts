import { HttpException } from '@nestjs/common';
import type { CapturedResponse } from './exchange.js';

/** The largest body that is copied where nothing else is said, in bytes. */
export const MAX_BODY_BYTES = 1024 * 1024;

/** Fields that a response without a body does without. */
export const BODY_FIELDS: readonly string[] = [
  'content-type',
  'content-length',
  'content-encoding',
  'transfer-encoding',
];

/** Whether responses of a status go out without a body, whatever their handler gives. */
export function sendsNoBody(status: number): boolean {
  return status === 204 || status === 205 || status === 304;
}

/**
 * Tells whether a response is the one to what a handler gave. The one to an exception has its status: a filter may have
 * replied with something else. What has nothing in it is a response where nothing is to be in it.
 */
export function expectedBy(value: unknown): (response: CapturedResponse) => boolean {
  if (value === undefined) return ({ status }) => sendsNoBody(status);
  if (value instanceof HttpException) return ({ status }) => status === value.getStatus();
  return () => true;
}
