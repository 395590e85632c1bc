/** @typedef {{ status: number, body: any, cookie: string | undefined }} Answer `cookie` = what it sets, as it is sent back. */

/**
 * Asks an application on this machine once, as a browser with one cookie.
 *
 * @param {number} port
 * @param {string} path
 * @param {string} [cookie]
 * @returns {Promise<Answer>}
 */
export async function visit(port, path, cookie) {
  const headers = { connection: 'close', ...(cookie !== undefined && { cookie }) };
  const response = await fetch(`http://127.0.0.1:${port}${path}`, { headers });
  const body = await response.json();
  return { status: response.status, body, cookie: response.headers.getSetCookie()[0]?.split(';')[0] };
}

/**
 * Begins a session with a session application and gives its cookie.
 *
 * @param {number} port
 * @returns {Promise<string>}
 */
export async function beginSession(port) {
  const { status, cookie } = await visit(port, '/session/begin');
  if (status !== 200 || cookie === undefined) throw new Error(`No session was begun: ${status}.`);
  return cookie;
}
