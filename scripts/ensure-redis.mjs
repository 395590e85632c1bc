// Makes sure that the tests find a redis-server. Never uses sudo and starts no service. Imports from node: only.
import { spawnSync } from 'node:child_process';
import { findRedisServer } from './redis-binary.mjs';
import { has, installWithApt } from './system-packages.mjs';
import { unpackRedis } from './unpack-redis.mjs';

const ADVICE = `No redis-server was found, and none could be installed here.

Do one of these, then run the command again:
  Debian, Ubuntu   sudo apt-get install redis-server
  Fedora, RHEL     sudo dnf install redis        (or valkey)
  Alpine           sudo apk add redis
  Arch             sudo pacman -S redis          (or valkey)
  macOS            brew install redis
  Windows          run the tests inside WSL: wsl --install, then as on Ubuntu
  anywhere else    set REDIS_SERVER to the path of a redis-server (7.0 or later)

A service that is already running is not needed and never used: the tests start servers of their own.`;

const ways = [asRoot, unpackRedis, withBrew];

if (!works()) {
  const done = ways.some((way) => way() && works());
  if (!done) {
    console.error(ADVICE);
    process.exit(1);
  }
  console.log(`redis-server: ${find()?.path}`);
}

/** Whether there is a server that starts; a file without its libraries is none. */
function works() {
  const binary = find();
  if (!binary) return false;
  const env = { ...process.env, ...binary.env };
  const { status } = spawnSync(binary.path, ['--version'], { env, stdio: 'ignore' });
  if (status !== 0 && binary.source === 'REDIS_SERVER') {
    console.error(`REDIS_SERVER is ${JSON.stringify(binary.path)}, which does not run.`);
    process.exit(1);
  }
  return status === 0;
}

function find() {
  try {
    return findRedisServer();
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exit(1);
  }
}

function asRoot() {
  return installWithApt('redis-server');
}

function withBrew() {
  if (!has('brew')) return false;
  console.log('Installing redis with brew …');
  return spawnSync('brew', ['install', 'redis'], { stdio: ['ignore', 'inherit', 'inherit'] }).status === 0;
}
