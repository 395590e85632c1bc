import { Observable, Subscriber, type Observer, type OperatorFunction, type Subscription } from 'rxjs';

/** Calls a listener for each value until the returned function is called. */
export type Listen<T> = (listener: (value: T) => void) => () => void;

type Next<T> = Partial<Observer<T>> | ((value: T) => void) | null;

/**
 * An Observable whose subscribers cannot end the process: what one throws, behind operators too, becomes a warning. rxjs itself
 * throws it anew, where nobody catches it.
 */
export class EventStream<T> extends Observable<T> {
  static of<T>(listen: Listen<T>): EventStream<T> {
    return new EventStream<T>((subscriber) => listen((value) => subscriber.next(value)));
  }

  // oxlint-disable-next-line typescript/no-explicit-any -- as in rxjs's own last overload: nothing narrower takes all of them
  override pipe(...operators: OperatorFunction<any, any>[]): EventStream<any> {
    const [first, ...rest] = operators;
    if (first === undefined) return this;
    const end = rest.reduce<Observable<unknown>>((source, operator) => operator(source), first(this));
    return new EventStream<unknown>((subscriber) => end.subscribe(subscriber));
  }

  override subscribe(
    next?: Next<T>,
    error?: ((error: unknown) => void) | null,
    complete?: (() => void) | null,
  ): Subscription {
    // Operators subscribe so; what comes behind them subscribes to what they have lifted.
    if (next instanceof Subscriber) return super.subscribe(next);
    const given: Partial<Observer<T>> =
      typeof next === 'object' && next !== null
        ? next
        : { ...(next && { next }), ...(error && { error }), ...(complete && { complete }) };
    return super.subscribe({
      next: (value) => guarded(() => given.next?.(value)),
      error: (reason: unknown) =>
        guarded(() => (given.error === undefined ? warn(reason) : given.error(reason))),
      complete: () => guarded(() => given.complete?.()),
    });
  }
}

function guarded(call: () => void): void {
  try {
    call();
  } catch (error) {
    warn(error);
  }
}

function warn(error: unknown): void {
  process.emitWarning(error instanceof Error ? error : String(error));
}
