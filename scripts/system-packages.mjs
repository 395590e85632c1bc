// Installs what tests need from the packages of the system. Never uses sudo and starts no service. Imports from node: only.
import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';

const SERVICE_POLICY = '/usr/sbin/policy-rc.d';

/**
 * Installs a package of Debian; a service in it stays off. Only as root: false otherwise, and where it fails.
 *
 * @param {string} name
 */
export function installWithApt(name) {
  if (process.getuid?.() !== 0 || !has('apt-get')) return false;
  console.log(`Installing ${name} with apt-get (no service is started) …`);
  const ownPolicy = !existsSync(SERVICE_POLICY);
  // Debian starts a service on installing it unless this file says no (exit code 101).
  if (ownPolicy) writeFileSync(SERVICE_POLICY, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  try {
    const install = ['install', '-y', '--no-install-recommends', name];
    return apt(install) || (apt(['update']) && apt(install));
  } finally {
    if (ownPolicy) rmSync(SERVICE_POLICY, { force: true });
  }
}

/**
 * Whether a command can be run at all.
 *
 * @param {string} command
 */
export function has(command) {
  return spawnSync(command, ['--version'], { stdio: 'ignore' }).error === undefined;
}

/**
 * The first of some programs that is on PATH. Runs nothing.
 *
 * @param {readonly string[]} names
 */
export function onPath(names) {
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  return names.flatMap((name) => folders.map((folder) => join(folder, name))).find(isExecutable);
}

/** @param {string} path */
export function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** @param {string[]} args */
function apt(args) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const options = ['-q', '-o', 'DPkg::Lock::Timeout=120'];
  return (
    spawnSync('apt-get', [...options, ...args], { env, stdio: ['ignore', 'inherit', 'inherit'] }).status === 0
  );
}
