/** What the session of a request says to those who decide on its response. */
export interface SessionNotice {
  /** Whether a session was loaded that holds something, or one may be there that could not be loaded. */
  readonly loaded: boolean;
  /** Whether somebody has read the session. */
  readonly read: boolean;
  /** Whether the session holds something else than what was loaded, or was ended, by now. */
  readonly modified: boolean;
}

const NOTICES = new WeakMap<object, SessionNotice>();

/** Tells of the session of a request, the one of Node. */
export function noteSession(request: object, notice: SessionNotice): void {
  NOTICES.set(request, notice);
}

/** What is known of the session of a request, of Node's or of Fastify's; `undefined` = sessions are not ours there. */
export function sessionNoticeOf(request: object): SessionNotice | undefined {
  const direct = NOTICES.get(request);
  if (direct !== undefined) return direct;
  const raw: unknown = Reflect.get(request, 'raw');
  return typeof raw === 'object' && raw !== null ? NOTICES.get(raw) : undefined;
}
