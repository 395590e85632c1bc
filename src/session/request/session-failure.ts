import { ConflictException, HttpException, HttpStatus, ServiceUnavailableException } from '@nestjs/common';
import { asError } from '../../cache/refusal.js';
import {
  InvalidOptionsError,
  PayloadTooLargeError,
  SerializationError,
  SessionGoneError,
} from '../../errors.js';
import { handleOf } from '../record/session-ids.js';
import type { SessionEvent } from '../storage/session-event.js';

/** What a client is to do that got a 503: ask again after so many seconds. */
export const RETRY_AFTER = '1';

const UNAVAILABLE: number = HttpStatus.SERVICE_UNAVAILABLE;

/** What no other try mends: the session, or what the application says of it, is wrong. */
const MISTAKES = [InvalidOptionsError, PayloadTooLargeError, SerializationError, TypeError, ReferenceError];

/** What filters see of what went wrong with a session. A mistake they see as it is: Nest logs it and answers 500. */
export function sessionFailure(cause: unknown): Error {
  if (cause instanceof SessionGoneError) {
    return new ConflictException('The session was ended meanwhile.', { cause });
  }
  if (cause instanceof HttpException) return cause;
  if (MISTAKES.some((mistake) => cause instanceof mistake)) return cause as Error;
  return new ServiceUnavailableException('Sessions are not available at the moment.', { cause });
}

/** Whether it may help to ask again. */
export function isUnavailable(failure: Error): boolean {
  return failure instanceof HttpException && failure.getStatus() === UNAVAILABLE;
}

/** What tells of it that something went wrong; `undefined` = others have ended the session, or it was told already. */
export function failedEvent(id: string, cause: unknown): SessionEvent | undefined {
  if (cause instanceof SessionGoneError || cause instanceof HttpException) return undefined;
  return { type: 'failed', handle: handleOf(id), error: asError(cause) };
}
