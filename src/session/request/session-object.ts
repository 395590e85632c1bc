/** The cookie of a session: a `Cookie` of express-session, as far as it concerns requests. */
export interface SessionCookie {
  /** The session's own idle time in milliseconds; `null` = until the browser ends. Setting `expires` sets it too. */
  originalMaxAge: number | null;
  expires: Date | null | false | undefined;
  /** The cookie as a line of `Set-Cookie`. */
  serialize(name: string, value: string): string;
}

/** What stands in `request.session`: an instance of `Session` of express-session. */
export interface SessionObject {
  readonly id: string;
  cookie: SessionCookie;
}

/** The classes of express-session. */
export interface SessionClasses {
  readonly Session: { readonly prototype: object };
  readonly Cookie: new (options?: object) => SessionCookie;
}
