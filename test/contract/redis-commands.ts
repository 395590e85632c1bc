import type { RedisServer } from '../support/redis-server.js';

/** How often the server ran each command since the last `CONFIG RESETSTAT`, without the commands of the tests themselves. */
async function commandCounts(server: RedisServer): Promise<Record<string, number>> {
  const text = String(await server.cli('INFO', 'commandstats'));
  const counts: Record<string, number> = {};
  for (const [, name = '', calls] of text.matchAll(/^cmdstat_([^:]+):calls=(\d+)/gm)) {
    if (!/^(info|config|select|client|ping|hello)/.test(name)) counts[name] = Number(calls);
  }
  return counts;
}

/** The commands that `work` makes the server run. Those that scripts run are counted as well. */
export async function commandsOf(server: RedisServer, work: () => unknown): Promise<Record<string, number>> {
  await server.cli('CONFIG', 'RESETSTAT');
  await work();
  return commandCounts(server);
}
