/**
 * Something that became of a session. Told once, by the process that did it or found it out; `expired` at least once by one of
 * them. It names sessions by their handles: never an id, a user, or what a session holds (but what `userId` throws is a `cause`).
 */
export type SessionEvent =
  /** It was stored for the first time. */
  | { readonly type: 'created'; readonly handle: string }
  /** Its own visitor ended it: by a logout, or by `regenerate`. */
  | { readonly type: 'destroyed'; readonly handle: string; readonly reason: 'logout' }
  /** Somebody else ended it, or it made room for another session of its user. */
  | { readonly type: 'revoked'; readonly handle: string; readonly reason: 'revoked' | 'evicted' }
  /** Its time has passed, or Redis has evicted it. */
  | { readonly type: 'expired'; readonly handle: string }
  /** It has a new id. `handle` is the old one. */
  | { readonly type: 'rotated'; readonly handle: string; readonly to: string }
  /** A write met no session that lives: it was ended meanwhile, or has a new id. Nothing was written. */
  | { readonly type: 'dropped'; readonly handle: string; readonly reason: 'gone' | 'frozen' }
  /** What Redis holds cannot be read. It was put aside for an hour. */
  | { readonly type: 'corrupt'; readonly handle: string }
  /** It could not be read, stored or lengthened: Redis is away or refuses it, or it is not what a session may be. */
  | { readonly type: 'failed'; readonly handle: string; readonly error: Error }
  /** A request came with cookies of several sessions that are all valid. None of them was used. */
  | { readonly type: 'ambiguous'; readonly handle: string; readonly others: readonly string[] };
