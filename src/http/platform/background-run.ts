import { StreamableFile } from '@nestjs/common';
import type { Observable, Subscription } from 'rxjs';
import type { BackgroundLimits } from './exchange.js';
import { isStreamed } from './handler-result.js';

/** How a run for nobody ended. */
export type Ending =
  | { readonly kind: 'value'; readonly value: unknown }
  /** It failed, or gave nothing that can be stored. */
  | { readonly kind: 'nothing' }
  /** It was given up, and may still be going on. */
  | { readonly kind: 'late' };

const NOTHING: Ending = Object.freeze({ kind: 'nothing' });
const LATE: Ending = Object.freeze({ kind: 'late' });

/** Runs a handler for its last value. Never rejects. */
export function runForNobody(
  run: () => Observable<unknown>,
  { clock, timeout }: Pick<BackgroundLimits, 'clock' | 'timeout'>,
): Promise<Ending> {
  return new Promise((resolve) => {
    let last: unknown;
    let running: Subscription | undefined;
    const giveUp = (): void => {
      resolve(LATE);
      running?.unsubscribe();
    };
    const stopWaiting = clock.schedule(timeout, giveUp, true);
    const end = (ending: Ending): void => {
      stopWaiting();
      resolve(ending);
    };
    try {
      running = run().subscribe({
        next(value) {
          last = value;
        },
        error: () => end(NOTHING),
        complete: () => end(dropped(last) ? NOTHING : { kind: 'value', value: last }),
      });
    } catch {
      end(NOTHING);
    }
  });
}

/** Whether a value is a stream, which is closed then: nobody reads it. */
function dropped(value: unknown): boolean {
  if (!isStreamed(value)) return false;
  const stream: unknown = value instanceof StreamableFile ? value.getStream() : value;
  const destroy: unknown = Reflect.get(stream as object, 'destroy');
  if (typeof destroy === 'function') destroy.call(stream);
  return true;
}
