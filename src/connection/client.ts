import { RESP_TYPES } from 'redis';
import type { RedisArgument } from './connection.js';

/** How a command is sent: a form of node-redis's own command options that means the same on client 5 and 6. */
export interface SendOptions {
  readonly timeout: number;
  readonly typeMapping: Readonly<Record<number, unknown>>;
}

/** What the connection layer needs of a node-redis client, whoever made it. */
export interface CommandClient {
  readonly isReady: boolean;
  sendCommand(args: readonly RedisArgument[], options: SendOptions): Promise<unknown>;
}

/**
 * The options of every command that we send: no timer of the client's own (`timeout: 0`; ours counts event-loop turns),
 * and bytes for strings. They are given with each command, so that the client that users share keeps its own replies.
 */
export const SEND_OPTIONS: SendOptions = {
  timeout: 0,
  typeMapping: {
    [RESP_TYPES.BLOB_STRING]: Buffer,
    [RESP_TYPES.SIMPLE_STRING]: Buffer,
    [RESP_TYPES.VERBATIM_STRING]: Buffer,
    [RESP_TYPES.MAP]: Array,
  },
};
