import { RESP_TYPES } from 'redis';
import type { RedisArgument } from './connection.js';

/** How a command is sent: a form of node-redis's own command options that means the same on client 5 and 6. */
export interface SendOptions {
  readonly timeout: number;
  readonly typeMapping: Readonly<Record<number, unknown>>;
}

/** What is needed of a node-redis client, whoever made it, to send commands. */
export interface CommandClient {
  readonly isReady: boolean;
  sendCommand(args: readonly RedisArgument[], options: SendOptions): Promise<unknown>;
}

/** What is needed of it to send commands in a way of our own. */
export interface SharedClient {
  withCommandOptions(options: SendOptions): unknown;
}

/**
 * The options of every command that we send: no timer of the client's own (`timeout: 0`; ours counts event-loop turns),
 * and bytes for strings.
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

/**
 * A view of a client for our own commands: the same socket, other replies. `SEND_OPTIONS` are to be given with each
 * command all the same, since client 5 heeds them only there; client 6 merges both, which costs it half a GET unless they
 * have the same fields.
 */
export function ownView(client: SharedClient): CommandClient {
  return client.withCommandOptions(SEND_OPTIONS) as CommandClient;
}
