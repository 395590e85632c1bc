import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { CACHE_FOLDER, CACHE_RECORD } from './redis-binary.mjs';

/**
 * Gets Debian's redis-server without being root: downloads its packages and those it needs that are not installed, and
 * unpacks them into the cache folder.
 *
 * @returns {boolean} whether a server was unpacked; false where this is no Debian
 */
export function unpackRedis() {
  if (process.platform !== 'linux' || run('dpkg', ['--version']) === undefined) return false;
  console.log('Unpacking redis-server from Debian packages into .cache/redis …');
  rmSync(CACHE_FOLDER, { recursive: true, force: true });
  mkdirSync(join(CACHE_FOLDER, 'packages'), { recursive: true });
  return download() && unpack();
}

/** Tries the system's package lists first, then lists of our own, which need no rights. */
function download() {
  return fetchPackages([]) || (updateOwnLists() && fetchPackages(ownLists()));
}

/** @param {string[]} options */
function fetchPackages(options) {
  const plan = run('apt-get', [...options, 'install', '-s', '--no-install-recommends', 'redis-server']);
  const names = [...(plan ?? '').matchAll(/^Inst (\S+)/gm)].map(([, name]) => String(name));
  if (names.length === 0) return false;
  return run('apt-get', [...options, 'download', ...names], join(CACHE_FOLDER, 'packages')) !== undefined;
}

function updateOwnLists() {
  mkdirSync(join(CACHE_FOLDER, 'lists', 'partial'), { recursive: true });
  mkdirSync(join(CACHE_FOLDER, 'apt', 'archives', 'partial'), { recursive: true });
  return run('apt-get', [...ownLists(), 'update']) !== undefined;
}

function ownLists() {
  const lists = `Dir::State::Lists=${join(CACHE_FOLDER, 'lists')}/`;
  return ['-o', lists, '-o', `Dir::Cache=${join(CACHE_FOLDER, 'apt')}/`];
}

function unpack() {
  const packages = join(CACHE_FOLDER, 'packages');
  for (const file of readdirSync(packages)) {
    if (run('dpkg', ['-x', join(packages, file), CACHE_FOLDER]) === undefined) return false;
  }
  const files = readdirSync(CACHE_FOLDER, { recursive: true, encoding: 'utf8' });
  // Debian's redis-server is a link to redis-check-rdb: one program under two names.
  const server = files.find((file) => file.endsWith('bin/redis-server'));
  if (server === undefined) return false;
  const libraries = new Set(files.filter((file) => /\.so(\.|$)/.test(file)).map((file) => dirname(file)));
  writeFileSync(CACHE_RECORD, JSON.stringify({ server, libraries: [...libraries] }));
  for (const folder of ['packages', 'lists', 'apt']) {
    rmSync(join(CACHE_FOLDER, folder), { recursive: true, force: true });
  }
  console.log(`Unpacked ${relative(process.cwd(), join(CACHE_FOLDER, server))}.`);
  return true;
}

/**
 * @param {string} command
 * @param {string[]} args
 * @param {string} [cwd]
 * @returns {string | undefined} what it printed; undefined when it failed or is not there
 */
function run(command, args, cwd) {
  const { status, stdout } = spawnSync(command, args, {
    cwd,
    encoding: 'utf8',
    env: { ...process.env, LC_ALL: 'C' },
  });
  return status === 0 ? stdout : undefined;
}
