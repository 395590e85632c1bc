import { systemClock } from '../clock.js';
import { borrowedConnection } from '../connection/borrowed.js';
import { requireBorrowedClient } from '../connection/borrowed-client.js';
import { resolveConnectionOptions } from '../connection/resolve-connection-options.js';
import { createReporter } from '../event/reporter.js';
import { flag, optionsObject } from '../option.js';
import { StoredSessions } from './stored-sessions.js';
import { redisSessionStorage } from './storage/redis-session-storage.js';
import { resolveSessionStorage, STORAGE_OPTIONS } from './storage/resolve-storage-options.js';

/** Hears what becomes of sessions, and with `emitConnection` of the connection. */
export type SessionListener = (name: string, event?: object) => void;

/** What the stores of one connection and prefix share. */
export interface SessionSource {
  readonly sessions: StoredSessions;
  readonly listeners: Set<SessionListener>;
  /** Lets go of the client, and ends what runs in the background. */
  close(): Promise<void>;
}

const PATH = 'RedisSessionStore';

/** Checks the options of a store, and begins to use its client. @throws InvalidOptionsError */
export function openSessionSource(raw: unknown): SessionSource {
  const options = optionsObject(raw, PATH, ['client', 'emitConnection', ...STORAGE_OPTIONS]);
  const client = requireBorrowedClient(options['client'], `${PATH}.client`);
  const settings = resolveSessionStorage(options, PATH, { prefix: 'session', caches: undefined });
  const emitConnection = flag(options['emitConnection'], `${PATH}.emitConnection`);
  const listeners = new Set<SessionListener>();
  const tell = (name: string, event?: object): void => listeners.forEach((one) => tellOne(one, name, event));
  const reporter = createReporter([
    (event) => {
      if (emitConnection && event.type === 'connection')
        tell(event.state === 'up' ? 'connect' : 'disconnect');
    },
  ]);
  const resolved = resolveConnectionOptions('sessions', { client }, PATH);
  if (resolved.kind !== 'borrowed') throw new TypeError('A client is borrowed.');
  const clock = systemClock;
  const connection = borrowedConnection(resolved, { reporter, clock, probeKey: `${settings.prefix}:sweep` });
  const storage = redisSessionStorage({
    connection,
    settings,
    clock,
    report: (event) => tell(event.type, event),
  });
  let starting: Promise<void> | undefined = connection.start().then(() => {
    starting = undefined;
  });
  storage.start();
  return {
    sessions: new StoredSessions({ storage, connection, settings, clock, starting: () => starting }),
    listeners,
    async close() {
      await storage.close();
      await connection.close();
    },
  };
}

/** What a listener throws reaches nobody whose session it is. */
function tellOne(listener: SessionListener, name: string, event: object | undefined): void {
  try {
    listener(name, event);
  } catch (error) {
    process.emitWarning(error instanceof Error ? error : String(error));
  }
}
