import { createHash } from 'node:crypto';
import { SCRIPT } from './script.js';
import { STYLESHEET } from './stylesheet.js';

/** A file that pages ask for. */
export interface Asset {
  readonly type: string;
  readonly text: string;
}

const STYLE_NAME = named('style', 'css', STYLESHEET);
const SCRIPT_NAME = named('script', 'js', SCRIPT);

export const STYLE_PATH = `/atlas/assets/${STYLE_NAME}`;
export const SCRIPT_PATH = `/atlas/assets/${SCRIPT_NAME}`;

/** The files by their names. */
export const assets: ReadonlyMap<string, Asset> = new Map([
  [STYLE_NAME, { type: 'text/css; charset=utf-8', text: STYLESHEET }],
  [SCRIPT_NAME, { type: 'text/javascript; charset=utf-8', text: SCRIPT }],
]);

/** The name changes with the text, so that browsers may keep the file for ever. */
function named(name: string, extension: string, text: string): string {
  return `${name}-${createHash('sha256').update(text).digest('base64url').slice(0, 10)}.${extension}`;
}
