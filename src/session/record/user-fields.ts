import type { SessionFields } from './session-record.js';

/** Whose session it is, as the options tell. */
export type UserOf = (fields: SessionFields) => string | undefined;

/**
 * What a session holds that is not its user's: what the old id of a rotated one reads for a while. A field is the user's when
 * the session would be another one's without it. Nothing is left where that cannot be told: there is no `userOf`, it throws, or
 * it still finds a user in what is left.
 */
export function withoutUser(fields: SessionFields, userOf: UserOf | undefined): SessionFields {
  if (userOf === undefined) return {};
  try {
    const user = userOf(fields);
    if (user === undefined) return fields;
    const rest = Object.entries(fields).filter(([name]) => stays(name, fields, user, userOf));
    const left = Object.fromEntries(rest);
    return findsUser(left, userOf) ? {} : left;
  } catch {
    return {};
  }
}

function stays(name: string, fields: SessionFields, user: string, userOf: UserOf): boolean {
  const { [name]: _, ...others } = fields;
  try {
    return userOf(others) === user;
  } catch {
    return false;
  }
}

function findsUser(fields: SessionFields, userOf: UserOf): boolean {
  try {
    return userOf(fields) !== undefined;
  } catch {
    return false;
  }
}
