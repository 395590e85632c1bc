import type { ConnectionOptions as TlsOptions } from 'node:tls';
import type { Duration } from '../duration.js';
import type { BorrowedClient } from './borrowed-client.js';

/** How a connection behaves, whoever made its client. */
export interface ConnectionBehaviour {
  /**
   * How long a command may take, counted in turns of the event loop so that a busy process causes no timeout. Commands of
   * many keys have it once per 100 keys, and large ones 1 ms more per 10 KB sent. Default 250 ms.
   */
  readonly deadline?: Duration;
  /** When commands are no longer sent to a Redis that does not answer. */
  readonly breaker?: BreakerOptions;
  /**
   * `'background'` (default): the application starts whether Redis is there or not. `'required'`: it does not start
   * until Redis serves, waiting 10 s at most.
   */
  readonly connect?: 'background' | 'required';
}

/** When commands are no longer sent to a Redis that does not answer. */
export interface BreakerOptions {
  /** So many commands in a row without an answer in time. Default 5. */
  readonly timeouts?: number;
  /** A command unanswered for so long after its deadline: the connection is replaced. Default 2 s. */
  readonly reconnectAfter?: Duration;
}

/** Where Redis listens, and how it is spoken to: node-redis's `socket` without the parts that are settled here. */
export interface SocketOptions extends Pick<TlsOptions, TlsKey> {
  /** Default `'localhost'`. */
  readonly host?: string;
  /** Default 6379. */
  readonly port?: number;
  /** A unix socket, instead of host and port. */
  readonly path?: string;
  /** 4 or 6 to use one version of IP only. */
  readonly family?: number;
  /** Speak TLS. The further options of TLS (`ca`, `cert`, `key`, `servername` …) stand beside it. */
  readonly tls?: boolean;
  /** How long it may take to connect. Default 2 s. */
  readonly connectTimeout?: Duration;
}

/** The options of TLS that `socket` takes; they are those of node's `tls.connect`. */
export type TlsKey =
  | 'ca'
  | 'cert'
  | 'key'
  | 'pfx'
  | 'passphrase'
  | 'servername'
  | 'rejectUnauthorized'
  | 'checkServerIdentity'
  | 'ciphers'
  | 'minVersion'
  | 'maxVersion';

/** One Redis server, to which a client of our own is made. */
export interface StandaloneOptions extends ConnectionBehaviour {
  /** `redis[s]://[[user]:password@]host:port/db` or `unix:///path.sock?db=1`; percent-encode what is special in it. */
  readonly url?: string;
  readonly socket?: SocketOptions;
  /** An ACL user; needs a password beside it. */
  readonly username?: string;
  readonly password?: string;
  /** Index of the database. Default 0. */
  readonly database?: number;
  /** The name of the connection in `CLIENT LIST`. Default: none. */
  readonly clientName?: string;
  /** So many commands may be unanswered at a time; further ones are refused at once. Default 50,000. */
  readonly maxPending?: number;
}

/** A client that belongs to the application. It is used and never closed. */
export interface BorrowedOptions extends ConnectionBehaviour {
  readonly client: BorrowedClient;
}

/** Where a connection leads: a URL, options, or a client that the application already has. */
export type ConnectionOptions = string | StandaloneOptions | BorrowedOptions;

/** What both kinds of resolved options hold. Times are in milliseconds. */
export interface ResolvedBehaviour {
  readonly name: string;
  readonly deadline: number;
  readonly breaker: { readonly timeouts: number; readonly reconnectAfter: number };
  readonly connect: 'background' | 'required';
}

/** Where a client of our own connects to. Times are in milliseconds. */
export interface ResolvedEndpoint {
  readonly host: string;
  readonly port: number;
  /** A unix socket; host and port are not used then. */
  readonly path: string | undefined;
  readonly family: number | undefined;
  readonly connectTimeout: number;
  /** `undefined` = no TLS. */
  readonly tls: Pick<TlsOptions, TlsKey> | undefined;
}

/** Options of a client of our own, checked and complete. */
export interface ResolvedStandalone extends ResolvedBehaviour {
  readonly kind: 'standalone';
  readonly endpoint: ResolvedEndpoint;
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly database: number;
  readonly clientName: string | undefined;
  readonly maxPending: number;
}

/** Options of a borrowed client, checked and complete. */
export interface ResolvedBorrowed extends ResolvedBehaviour {
  readonly kind: 'borrowed';
  readonly client: BorrowedClient;
}

/** Options of a connection, checked and complete. */
export type ResolvedConnection = ResolvedStandalone | ResolvedBorrowed;
