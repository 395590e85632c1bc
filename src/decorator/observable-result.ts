import { defer, EMPTY, from, isObservable, mergeMap, Observable, of } from 'rxjs';

/**
 * Passes a source on, and runs `finish` with its last value (`undefined` if there was none) before that value is passed
 * on, so that a subscriber which leaves after the last value finds the work done. A failed or abandoned source finishes
 * nothing.
 */
export function finishBeforeLast(
  source: Observable<unknown>,
  finish: (last: unknown) => Promise<void>,
): Observable<unknown> {
  return new Observable((subscriber) => {
    let held: { readonly value: unknown } | undefined;
    return source.subscribe({
      next(value) {
        if (held !== undefined) subscriber.next(held.value);
        held = { value };
      },
      error: (error: unknown) => subscriber.error(error),
      complete() {
        finish(held?.value).then(
          () => {
            if (held !== undefined) subscriber.next(held.value);
            subscriber.complete();
          },
          (error: unknown) => subscriber.error(error),
        );
      },
    });
  });
}

/**
 * An Observable that calls `run` anew for every subscriber and emits what it gives: the values of an Observable, or one
 * value, or none for `undefined`.
 */
export function observe(run: () => Promise<unknown>): Observable<unknown> {
  return defer(() => from(run())).pipe(
    mergeMap((result) => {
      if (isObservable(result)) return result;
      return result === undefined ? EMPTY : of(result);
    }),
  );
}
