const NOTICES: Readonly<Record<string, string>> = {
  'signed-in': 'You are signed in.',
  'signed-out': 'You are signed out.',
  'one-device': 'That device is signed out.',
  'other-devices': 'All other devices are signed out.',
  'all-devices': 'You are signed out on all devices.',
  needed: 'Please sign in first.',
};

/** What a page says once, by the name of it in its URL: nobody can make a page say something else. */
export function noticeOf(name: unknown): string | undefined {
  return typeof name === 'string' && Object.hasOwn(NOTICES, name) ? NOTICES[name] : undefined;
}
