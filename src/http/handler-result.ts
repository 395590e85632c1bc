import { StreamableFile } from '@nestjs/common';
import { tap, type Observable } from 'rxjs';
import type { Capture } from './exchange.js';

/**
 * Tells a capture about the last value of a handler: that is what Nest replies with. A handler that fails, gives nothing
 * or `undefined`, or gives something to be streamed is not captured. `done` is called in every case, before Nest replies.
 */
export function captureResult(
  source: Observable<unknown>,
  capture: Capture,
  done: () => void,
): Observable<unknown> {
  let last: unknown;
  const giveUp = () => {
    done();
    capture.cancel();
  };
  return source.pipe(
    tap({
      next(value) {
        last = value;
      },
      complete() {
        done();
        if (last === undefined || isStreamed(last)) capture.cancel();
        else capture.complete(last);
      },
      error: giveUp,
      unsubscribe: giveUp,
    }),
  );
}

/** Node and web streams, web responses, and what can be iterated but is sent as no array. */
function isStreamed(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return false;
  if (value instanceof StreamableFile || Object.prototype.toString.call(value) === '[object Response]') {
    return true;
  }
  const methods = ['pipe', 'getReader', 'getStream', Symbol.asyncIterator];
  if (methods.some((name) => typeof Reflect.get(value, name) === 'function')) return true;
  return !Array.isArray(value) && typeof Reflect.get(value, Symbol.iterator) === 'function';
}
