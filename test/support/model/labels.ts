import type { RedisArgument } from '../../../src/connection/connection.js';
import * as barriers from '../../../src/store/redis-barrier-scripts.js';
import * as leases from '../../../src/store/redis-lease-scripts.js';
import * as entries from '../../../src/store/redis-scripts.js';
import * as tags from '../../../src/store/redis-tag-scripts.js';

const NAMES = new Map<string, string>();
for (const [name, script] of Object.entries({ ...barriers, ...leases, ...entries, ...tags })) {
  if (typeof script !== 'object' || !('sha1' in script)) continue;
  NAMES.set(script.sha1, name);
  NAMES.set(script.source, name);
}

/** What a command is called in a report: its script, or its name, and its keys. */
export function labelOf(args: readonly RedisArgument[]): string {
  const [name = '', what = '', ...rest] = args.map(String);
  const script = NAMES.get(what);
  if (script === undefined) return name === 'SET' ? `SET ${what}` : [name, what, ...rest].join(' ');
  return `${script} ${rest.slice(1, 1 + Number(rest[0])).join(' ')}`;
}
