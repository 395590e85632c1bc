/** What the session of a request says to those who decide on its response. */
export interface SessionNotice {
  /** Whether a session was loaded that holds something, or one may be there that could not be loaded. */
  readonly loaded: boolean;
  /** Whether somebody has read the session. */
  readonly read: boolean;
  /** Whether the session holds something else than what was loaded, or was ended, by now. */
  readonly modified: boolean;
}

/** Who knows of a session: asked by those who decide on a response, and not for the others. */
export interface NoticedSession {
  readonly notice: SessionNotice;
}

const NOTICED = new WeakMap<object, NoticedSession>();

/** Tells of the session of a request, the one of Node. */
export function noteSession(request: object, session: NoticedSession): void {
  NOTICED.set(request, session);
}

/** What is known of the session of a request, of Node's or of Fastify's; `undefined` = sessions are not ours there. */
export function sessionNoticeOf(request: object): SessionNotice | undefined {
  const direct = NOTICED.get(request);
  if (direct !== undefined) return direct.notice;
  const raw: unknown = Reflect.get(request, 'raw');
  return typeof raw === 'object' && raw !== null ? NOTICED.get(raw)?.notice : undefined;
}
