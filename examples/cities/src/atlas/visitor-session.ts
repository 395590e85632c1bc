/**
 * What a session holds here. Each favourite is a field of its own: two tabs that add one at the same time change different
 * fields, and both are kept. Of two changes to one field, such as a list of them all, the later would win.
 */
export interface VisitorSession {
  /** Who is signed in. */
  user?: string;
  /** Since when a city is a favourite. */
  [favourite: `city:${number}`]: string;
}

/** The session behind a guard that lets in nobody else. */
export interface SignedInSession extends VisitorSession {
  user: string;
}

/** A request with its session, which is one of express-session. */
export interface SessionRequest {
  readonly session: VisitorSession & {
    readonly cookie: { maxAge?: number | null };
    destroy(callback: (error?: unknown) => void): unknown;
  };
}
