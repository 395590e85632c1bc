// `npm run bench [-- table …]`: builds the package, then measures the tables, each in a process of its own. BENCH_ROUNDS,
// BENCH_SLICE (ms of CPU time) and BENCH_ENTRIES (of `tags`, `clear` and `session-many`) make it shorter, BENCH_RESULTS is where it writes.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const TABLES = [
  'memory-hit',
  'redis-hit',
  'set',
  'many',
  'miss',
  'herd',
  'tags',
  'clear',
  'propagation',
  'http',
  'session',
  'session-memory',
  'session-many',
  'session-history',
  'memory-cost',
  'coherence',
];
const ROOT = fileURLToPath(new URL('../', import.meta.url));

const wanted = process.argv.slice(2);
const unknown = wanted.filter((table) => !TABLES.includes(table));
if (unknown.length > 0) {
  console.error(`There is no table ${unknown.join(', ')}. There are: ${TABLES.join(', ')}.`);
  process.exit(1);
}

run('npm', ['run', '--silent', 'build']);
for (const table of wanted.length === 0 ? TABLES : wanted) {
  run(process.execPath, ['--expose-gc', fileURLToPath(new URL(`${table}.mjs`, import.meta.url))]);
}

/**
 * @param {string} command
 * @param {string[]} args
 */
function run(command, args) {
  const { status } = spawnSync(command, args, { cwd: ROOT, stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}
