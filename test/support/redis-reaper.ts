import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

// Reads "start PID" and "end PID" until this process is gone, however it went: a SIGKILL closes the pipe as well.
const SCRIPT = `
live=" "
while read -r word pid; do
  case $word in
    start) live="$live$pid " ;;
    end) live="\${live%% $pid *} \${live#* $pid }" ;;
  esac
done
for pid in $live; do kill -9 "$pid"; done 2>/dev/null
rm -rf "$1"
`;

let folder: string | undefined;
let reaper: ChildProcess | undefined;

/** A folder for the data of this process's servers. Removed when the process ends, even by SIGKILL. */
export function dataFolder(): string {
  folder ??= mkdtempSync(join(tmpdir(), 'nestjs-redis-cache-'));
  return folder;
}

/** Makes sure that the process `pid` ends when this one does. */
export function reap(pid: number): void {
  tell(`start ${pid}`);
}

/** Takes back `reap`: the process is gone, and its number may be somebody else's. */
export function spare(pid: number): void {
  tell(`end ${pid}`);
}

function tell(line: string): void {
  if (!reaper) {
    // A group of its own: Ctrl-C in the terminal must not end it before the servers.
    const options = { detached: true, stdio: ['pipe', 'ignore', 'ignore'] as ['pipe', 'ignore', 'ignore'] };
    reaper = spawn('/bin/sh', ['-c', SCRIPT, 'reaper', dataFolder()], options);
    reaper.unref();
    (reaper.stdin as unknown as { unref(): void }).unref();
  }
  reaper.stdin?.write(`${line}\n`);
}
