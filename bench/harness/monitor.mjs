import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';

/**
 * What clients send while `work` runs, as Redis sees it: the names of the commands in order, without those that scripts run
 * and those that connections send by themselves. `database` picks the clients.
 *
 * @typedef {(database: number, work: () => Promise<unknown>) => Promise<string[]>} CommandsOf
 */

/** What is sent whether or not anybody asks for anything. */
const BY_THEMSELVES = new Set(['ping', 'time', 'role', 'client', 'info', 'hello', 'select', 'auth', 'echo']);
/** Until what is sent behind an answer has arrived too, in milliseconds. */
const SETTLE = 5;

/**
 * Listens by MONITOR while `use` runs.
 *
 * @template T
 * @param {string} url
 * @param {(commandsOf: CommandsOf) => Promise<T>} use
 * @returns {Promise<T>}
 */
export async function withMonitor(url, use) {
  const client = new Redis(url);
  const monitor = await client.monitor();
  /** @type {{ name: string, text: string, source: string, database: string }[]} */
  let seen = [];
  /** @type {() => void} */
  let look = () => undefined;
  monitor.on(
    'monitor',
    (/** @type {string} */ _time, /** @type {string[]} */ args, /** @type {string} */ source, database) => {
      seen.push({ name: String(args[0]).toLowerCase(), text: args.join(' '), source, database });
      look();
    },
  );
  let marks = 0;
  const mark = async () => {
    const text = `echo mark-${(marks += 1)}`;
    const arrived = new Promise((resolve) => {
      look = () => seen.at(-1)?.text === text && resolve(undefined);
    });
    await client.echo(text.slice('echo '.length));
    await arrived;
  };
  try {
    return await use(async (database, work) => {
      await mark();
      seen = [];
      await work();
      await sleep(SETTLE);
      await mark();
      return seen
        .filter((one) => one.source !== 'lua' && Number(one.database) === database)
        .map(({ name }) => name)
        .filter((name) => !BY_THEMSELVES.has(name));
    });
  } finally {
    monitor.disconnect();
    await client.quit();
  }
}
