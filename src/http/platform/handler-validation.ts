import { HttpException } from '@nestjs/common';
import type { IncomingHttpHeaders } from 'node:http';
import { catchError, defaultIfEmpty, map, of, takeLast, type Observable } from 'rxjs';
import { hideConditions } from '../rule/conditional-request.js';
import type { Exchange } from './exchange.js';
import { fieldsSince } from '../rule/header-fields.js';
import type { Conditions, NotModified } from '../rule/revalidation.js';
import type { StoredResponse } from '../rule/stored-response.js';

const NONE: ReadonlySet<string> = new Set();

/**
 * Gives a handler conditions in the place of the client's own, so that it can answer that nothing has changed. The returned
 * function puts the client's back.
 */
export function offerConditions(headers: IncomingHttpHeaders, conditions: Conditions): () => void {
  const show = hideConditions(headers);
  let offered = true;
  Object.assign(headers, conditions);
  return () => {
    if (!offered) return;
    offered = false;
    for (const name of Object.keys(conditions)) Reflect.deleteProperty(headers, name);
    show();
  };
}

/**
 * Replies with a stored response where its handler says that it is still right: with the status 304, or by an `HttpException`
 * of that status. `renew` makes that response of what the 304 carries; whoever captures the handler's response is offered it.
 */
export function renewUnmodified(
  source: Observable<unknown>,
  exchange: Exchange,
  renew: (notModified: NotModified) => StoredResponse,
): Observable<unknown> {
  let thrown = false;
  return source.pipe(
    catchError((error: unknown) => {
      if (!(error instanceof HttpException) || error.getStatus() !== 304) throw error;
      thrown = true;
      return of(undefined);
    }),
    defaultIfEmpty(undefined),
    takeLast(1),
    map((value) => {
      const { status, fields, names } = exchange.head();
      if (!thrown && status !== 304) return value;
      return exchange.replayAsMade(
        renew({ fields, added: fieldsSince(exchange.fields(), fields, NONE), names }),
      );
    }),
  );
}
