import { HttpException, StreamableFile } from '@nestjs/common';
import { tap, type Observable } from 'rxjs';
import type { Capture } from './exchange.js';

/** Which responses are waited for beside those that carry the value of a handler. */
export interface ResultRules {
  /** Whether a response of this status, which is not 200, may be stored. None by default. */
  keeps?(status: number): boolean;
  /** Told before `capture.cancel()` that the handler gave something to be streamed. */
  streamed?(): void;
  /** Told before `capture.cancel()` that the handler has failed, and not for a reason of its client. */
  failed?(): void;
}

/**
 * Tells a capture about the last value of a handler: that is what Nest replies with; or about the exception that a filter
 * replies to. A handler that fails otherwise, gives nothing or `undefined`, or gives something to be streamed is not captured.
 * `done` is called in every case, before Nest replies.
 */
export function captureResult(
  source: Observable<unknown>,
  capture: Capture,
  done: () => void,
  rules: ResultRules = {},
): Observable<unknown> {
  let last: unknown;
  return source.pipe(
    tap({
      next(value) {
        last = value;
      },
      complete() {
        done();
        if (last === undefined && rules.keeps?.(204) !== true) capture.cancel();
        else if (!isStreamed(last)) capture.complete(last);
        else {
          rules.streamed?.();
          capture.cancel();
        }
      },
      error(error: unknown) {
        done();
        const status = error instanceof HttpException ? error.getStatus() : 500;
        if (error instanceof HttpException && rules.keeps?.(status) === true) {
          capture.complete(error);
          return;
        }
        if (status >= 500) rules.failed?.();
        capture.cancel();
      },
      unsubscribe() {
        done();
        capture.cancel();
      },
    }),
  );
}

/** Node and web streams, web responses, and what can be iterated but is sent as no array. */
export function isStreamed(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return false;
  if (value instanceof StreamableFile || Object.prototype.toString.call(value) === '[object Response]') {
    return true;
  }
  const methods = ['pipe', 'getReader', 'getStream', Symbol.asyncIterator];
  if (methods.some((name) => typeof Reflect.get(value, name) === 'function')) return true;
  return !Array.isArray(value) && typeof Reflect.get(value, Symbol.iterator) === 'function';
}
