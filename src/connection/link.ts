/** Hears of the socket of a client. */
export interface LinkListener {
  /** The socket is there and the handshake is done; Redis may still refuse to serve. */
  connected(): void;
  /** The socket is gone, or there is none yet. */
  lost(error: Error): void;
}

/** Looks after the socket of one client: gets it, or merely watches it where the client is borrowed. */
export interface Link {
  /** Begins. */
  open(): void;
  /** Replaces the socket, which is of no use any more although it is open, where the link may do so. */
  replace(reason: string): void;
  /** Lets go of the client. Leaves no handle and no listener that the link has made. Never rejects. */
  close(): Promise<void>;
}
