import { HttpException, Logger, type ExecutionContext } from '@nestjs/common';
import {
  REDIRECT_METADATA,
  RESPONSE_PASSTHROUGH_METADATA,
  ROUTE_ARGS_METADATA,
} from '@nestjs/common/constants.js';
import { catchError, concat, defer, EMPTY, from, mergeMap, tap, throwError, type Observable } from 'rxjs';
import type { NamedCache } from '../../cache/named-cache.js';
import { RedisCacheError } from '../../errors.js';
import type { CacheablePaths } from './cacheable-paths.js';
import type { Exchange } from '../platform/exchange.js';
import { changedTargets } from './changed-targets.js';
import { urlTag } from './response-tags.js';

/** Methods whose requests change nothing. The HTTP method registry calls them safe. */
const SAFE = new Set(['GET', 'HEAD', 'OPTIONS', 'PROPFIND', 'QUERY', 'REPORT', 'SEARCH', 'TRACE']);

/** Kinds of parameters, by which Nest keys their metadata as `<kind>:<index>`: the response, and Express' `next`. */
const SENDERS = /^[12]:/;

/** Whether a request of a method may change what responses show (RFC 9110 section 9.2.1). */
export function isUnsafe(method: string): boolean {
  return !SAFE.has(method);
}

/** What is known of the response to an unsafe request once its handler is done. */
interface Outcome {
  readonly status: number;
  /** Where it leads, as long as the response itself does not say so. */
  readonly location?: string | undefined;
}

/** Invalidates the responses that unsafe requests may have changed (RFC 9111 section 4.4). */
export class UnsafeMethods {
  readonly #cacheOf: (name: string) => Pick<NamedCache, 'invalidateTags'>;
  readonly #paths: CacheablePaths;
  readonly #logger = new Logger('ResponseCache');

  constructor(cacheOf: (name: string) => Pick<NamedCache, 'invalidateTags'>, paths: CacheablePaths) {
    this.#cacheOf = cacheOf;
    this.#paths = paths;
  }

  /**
   * Passes on what the handler of an unsafe request gives. Where that is answered with 2xx or 3xx, it first invalidates the
   * responses of the URL, and of `Location` and `Content-Location`, so that the client finds none of them afterwards. A
   * handler that sends the response itself is not waited for. No failure of a cache is seen by the client.
   */
  follow(context: ExecutionContext, exchange: Exchange, source: Observable<unknown>): Observable<unknown> {
    let last: unknown;
    let ended = false;
    const end = (outcome: Outcome): Observable<never> => {
      ended = true;
      return from(this.#invalidate(exchange, outcome)).pipe(mergeMap(() => EMPTY));
    };
    const handled = source.pipe(
      tap((value) => (last = value)),
      catchError((error: unknown) => {
        return concat(
          end(outcomeOfError(context, exchange, error)),
          throwError(() => error),
        );
      }),
    );
    const done = defer(() => {
      this.#waitForSender(context, exchange);
      return end(outcomeOf(context, exchange, last));
    });
    return concat(handled, done).pipe(
      tap({
        // The client has left, and Nest has ended what its handler did: nobody knows how much of it was done.
        unsubscribe: () => {
          if (!ended) void this.#invalidate(exchange, outcomeOf(context, exchange, last));
        },
      }),
    );
  }

  /** A handler that sends the response itself may be done before it has decided anything. */
  #waitForSender(context: ExecutionContext, exchange: Exchange): void {
    if (isSent(context) || !sendsItself(context)) return;
    exchange.onClose(() => void this.#invalidate(exchange, exchange.head()));
  }

  /** Does not reject. */
  async #invalidate(exchange: Exchange, { status, location }: Outcome): Promise<void> {
    if (status < 200 || status >= 400) return;
    try {
      const { fields } = exchange.head();
      const { url, originalUrl, headers } = exchange;
      const { hostname } = exchange.request as { readonly hostname?: string };
      const targets = changedTargets({ url, originalUrl, headers, hostname }, [
        location ?? fields.get('location'),
        fields.get('content-location'),
      ]);
      await Promise.all(
        [...this.#tagsOf(exchange, targets)].map(([cache, tags]) => this.#bump(cache, [...tags])),
      );
    } catch (error) {
      this.#logger.error(`Responses of ${exchange.url} were not invalidated: ${String(error)}`);
    }
  }

  /** What is to be invalidated, by cache. Where the target was rewritten, the router's paths say nothing of the client's. */
  #tagsOf({ url, originalUrl }: Exchange, targets: readonly string[]): Map<string, Set<string>> {
    const all = new Map<string, Set<string>>();
    for (const target of targets) {
      const caches = url === originalUrl ? this.#paths.cachesOf(target) : this.#paths.caches;
      for (const cache of caches) {
        all.set(cache, (all.get(cache) ?? new Set<string>()).add(urlTag(target)));
      }
    }
    return all;
  }

  /** A store that is out of reach, or knows no tags, has been told of already. */
  async #bump(cache: string, tags: readonly string[]): Promise<void> {
    try {
      await this.#cacheOf(cache).invalidateTags(tags);
    } catch (error) {
      if (!(error instanceof RedisCacheError)) throw error;
    }
  }
}

/** Says in the log which caches hold responses that cannot be invalidated by their URL. */
export function warnOfUntagged({ caches }: CacheablePaths, takesTags: (cache: string) => boolean): void {
  const names = [...caches].filter((cache) => !takesTags(cache)).map((cache) => JSON.stringify(cache));
  if (names.length === 0) return;
  new Logger('ResponseCache').warn(
    `Requests that change something do not invalidate the responses in ${names.join(', ')}: the store cannot invalidate by tags. They live until their ttl has passed.`,
  );
}

/** The response that Nest makes of the last value of a handler. */
function outcomeOf(context: ExecutionContext, exchange: Exchange, last: unknown): Outcome {
  const redirect = Reflect.getMetadata(REDIRECT_METADATA, context.getHandler()) as Redirect | undefined;
  if (typeof redirect?.url === 'string') {
    const own = (last ?? {}) as Redirect;
    return { status: own.statusCode ?? redirect.statusCode ?? 302, location: own.url ?? redirect.url };
  }
  if (isWebResponse(last)) {
    return { status: last.status, location: last.headers.get('location') ?? undefined };
  }
  return { status: exchange.head().status };
}

/** What a handler throws is answered by a filter, unless the response has gone out before. */
function outcomeOfError(context: ExecutionContext, exchange: Exchange, error: unknown): Outcome {
  if (isSent(context)) return { status: exchange.head().status };
  return { status: error instanceof HttpException ? error.getStatus() : 500 };
}

function isSent(context: ExecutionContext): boolean {
  const response = context.switchToHttp().getResponse<Sent & { readonly raw?: Sent }>();
  return (response.raw ?? response).headersSent;
}

/** Nest 12 sends them as they are. */
function isWebResponse(value: unknown): value is Response {
  return Object.prototype.toString.call(value) === '[object Response]';
}

interface Sent {
  readonly headersSent: boolean;
}

interface Redirect {
  readonly url?: string;
  readonly statusCode?: number;
}

function sendsItself(context: ExecutionContext): boolean {
  const controller = context.getClass();
  const { name } = context.getHandler();
  const parameters = (Reflect.getMetadata(ROUTE_ARGS_METADATA, controller, name) ?? {}) as object;
  if (!Object.keys(parameters).some((parameter) => SENDERS.test(parameter))) return false;
  return !Reflect.getMetadata(RESPONSE_PASSTHROUGH_METADATA, controller, name);
}
