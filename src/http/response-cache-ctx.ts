import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { checkTag } from '../cache/check-tags.js';
import { milliseconds, type Duration } from '../duration.js';

/**
 * A handler's say in how its response is cached; a parameter with `@ResponseCacheCtx()` gets it. Where the response is not
 * cached, what it is told has no effect. It counts until the handler's result is there.
 */
export class ResponseCacheContext {
  readonly #named = new Set<string>();
  #ttl: number | null | undefined;
  #storesNothing = false;

  /**
   * Adds tags to the response, by which it can be invalidated.
   *
   * @throws InvalidOptionsError for what can be no tag
   */
  tags(...tags: string[]): void {
    for (const tag of tags) this.#named.add(checkTag(tag));
  }

  /**
   * Sets how long the response lives, whatever its route says; `null` = for ever, 0 = it is not stored. A `Cache-Control` of
   * the response can still shorten it.
   *
   * @throws InvalidOptionsError for what is no duration
   */
  ttl(duration: Duration | null): void {
    this.#ttl = duration === null ? null : milliseconds(duration, 'ttl');
  }

  /** The response is sent and not stored. Nobody who waits for it gets it. */
  noStore(): void {
    this.#storesNothing = true;
  }

  /** Milliseconds, `null` = for ever; `undefined` = the handler said nothing. @internal */
  get wishedTtl(): number | null | undefined {
    return this.#ttl;
  }

  /** @internal */
  get storeNothing(): boolean {
    return this.#storesNothing;
  }

  /** The tags that the handler has named. @internal */
  get named(): ReadonlySet<string> {
    return this.#named;
  }
}

/** Gives a handler the `ResponseCacheContext` of its request. */
export const ResponseCacheCtx: () => ParameterDecorator = createParamDecorator(
  (_data: unknown, context: ExecutionContext): ResponseCacheContext =>
    contextOf(context.switchToHttp().getRequest<unknown>()),
);

const contexts = new WeakMap<object, ResponseCacheContext>();

/** Begins a run of a handler: what it says from now on is in the context that is given back, and only there. */
export function openContext(request: object): ResponseCacheContext {
  const context = new ResponseCacheContext();
  contexts.set(request, context);
  return context;
}

/** The context of a request's present run; one that nobody reads when its response is not cached. */
export function contextOf(request: unknown): ResponseCacheContext {
  const known = typeof request === 'object' && request !== null ? contexts.get(request) : undefined;
  return known ?? new ResponseCacheContext();
}
