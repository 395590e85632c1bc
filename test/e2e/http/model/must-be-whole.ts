import type { AppRoute } from './model-routes.js';
import type { Ask, HandlerRun, Played } from './record.js';

/**
 * The run of a request whose response was certain to be stored if it could be, so that its handler had to be kept from seeing
 * that the client wanted less than the whole of it; `undefined` = it is not certain.
 */
export function unconditionalRun(ask: Ask, { runs }: Played, { model }: AppRoute): HandlerRun | undefined {
  const { request, action } = ask;
  const isFirst = runs.every((run) => run.ask === ask || run.ask.action.request.url !== action.request.url);
  if (!ask.alone || !isFirst || request.method !== 'GET' || request.cacheControl === 'no-store')
    return undefined;
  const { authorization, user, session, cookie } = request;
  const isVisitor = !authorization && user === undefined && !session && cookie !== 'sid';
  if (model.audience === 'user' ? user === undefined : model.audience === 'anonymous' && !isVisitor) {
    return undefined;
  }
  return ask.runs.find(({ background }) => !background);
}

/** What a handler was told of the client's conditions. */
export function sawConditions({ asked, status, script }: HandlerRun): boolean {
  return asked !== undefined || (status === 206 && script.response.status === 200);
}
