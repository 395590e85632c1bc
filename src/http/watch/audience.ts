import type { ExecutionContext } from '@nestjs/common';
import { sessionNoticeOf } from '../../di/session-notice.js';
import { InvalidOptionsError } from '../../errors.js';
import type { ResponsePolicy } from '../policy/response-policy.js';

/** Who is asking, by what stands on a request. */
export interface RequestIdentity {
  /** Somebody put a user on the request. */
  readonly identified: boolean;
  /** A session with something in it was loaded, or one that cannot be read. */
  readonly hasSession: boolean;
}

/** Reads who is asking off a request of Express or Fastify, and of Node's own that Fastify's stands for. */
export function requestIdentity(request: object): RequestIdentity {
  const raw: unknown = Reflect.get(request, 'raw');
  const targets = typeof raw === 'object' && raw !== null ? [request, raw] : [request];
  return {
    identified: targets.some((target) => Boolean(Reflect.get(target, 'user'))),
    hasSession: knownSession(request) ?? targets.some(holdsSession),
  };
}

/**
 * What keeps the responses of one user apart from those of others: different text for different users, and `''` where the
 * policy keeps nobody apart. `undefined` = the request is not cached.
 *
 * @throws InvalidOptionsError naming the route, for anything but a text, a number, `null` and `undefined`
 */
export function partitionOf(
  policy: Pick<ResponsePolicy, 'audience' | 'user'>,
  context: ExecutionContext,
): string | undefined {
  if (policy.audience !== 'user') return '';
  const user = policy.user?.(context);
  if (user === undefined || user === null) return undefined;
  if (typeof user === 'string' && user !== '') return `s:${user}`;
  if (typeof user === 'number' && Number.isFinite(user)) return `n:${user}`;
  // Its failure would end the process, since nobody waits for it.
  if (user instanceof Promise) user.catch(() => {});
  throw new InvalidOptionsError(
    `${context.getClass().name}.${context.getHandler().name} response.varyByUser`,
    `must return a text that is not empty, a number, null or undefined, and returned ${described(user)}`,
  );
}

/** Says nothing of what a user object holds. */
function described(user: unknown): string {
  if (user === '') return 'an empty text';
  if (typeof user === 'number') return String(user);
  if (user instanceof Promise) return 'a promise';
  return typeof user === 'object' ? 'an object' : `a ${typeof user}`;
}

/** Whether a session of ours holds something; `undefined` = it is not ours. To look at it would count as reading it. */
function knownSession(request: object): boolean | undefined {
  const notice = sessionNoticeOf(request);
  return notice && (notice.loaded || notice.modified);
}

function holdsSession(target: object): boolean {
  try {
    return isLoaded(Reflect.get(target, 'session'));
  } catch {
    return true;
  }
}

/** Sessions hold what the application puts there beside their cookie; that of @fastify/secure-session gives it by `data()`. */
function isLoaded(session: unknown): boolean {
  if (typeof session !== 'object' || session === null) return Boolean(session);
  const data: unknown = Reflect.get(session, 'data');
  const held: unknown = typeof data === 'function' ? Reflect.apply(data, session, []) : session;
  return Object.keys(held ?? {}).some((name) => name !== 'cookie');
}
