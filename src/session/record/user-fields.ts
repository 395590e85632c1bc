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
    const left = Object.fromEntries(otherFields(fields, user, userOf));
    return findsUser(left, userOf) ? {} : left;
  } catch {
    return {};
  }
}

/** The fields without each of which the session would still be that user's. One copy serves all of them: there may be thousands. */
function otherFields(fields: SessionFields, user: string, userOf: UserOf): [string, unknown][] {
  const copy: Record<string, unknown> = { ...fields };
  return Object.entries(fields).filter(([name, value]) => {
    Reflect.deleteProperty(copy, name);
    const stays = isOf(user, copy, userOf);
    copy[name] = value;
    return stays;
  });
}

function isOf(user: string, fields: SessionFields, userOf: UserOf): boolean {
  try {
    return userOf(fields) === user;
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
