import { BadRequestException } from '@nestjs/common';
import type { VisitorSession } from '../visitor-session.js';

const MOST = 50;

/** The ids of the favourites in a session, the latest first. */
export function favouritesOf(session: VisitorSession): number[] {
  return Object.entries(session)
    .flatMap(([name, since]: [string, unknown]) => {
      const [, id] = /^city:(\d+)$/.exec(name) ?? [];
      return id === undefined ? [] : [{ id: Number(id), since: String(since) }];
    })
    .toSorted((a, b) => (a.since < b.since ? 1 : -1))
    .map(({ id }) => id);
}

/** @throws BadRequestException where there are too many already */
export function addFavourite(session: VisitorSession, cityId: number): void {
  if (favouritesOf(session).length >= MOST) {
    throw new BadRequestException(`You have ${MOST} favourites, and more do not fit: take one away first.`);
  }
  session[`city:${cityId}`] ??= new Date().toISOString();
}

export function removeFavourite(session: VisitorSession, cityId: number): void {
  delete session[`city:${cityId}`];
}
