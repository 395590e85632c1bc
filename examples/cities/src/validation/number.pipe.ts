import { BadRequestException, Injectable, type ArgumentMetadata, type PipeTransform } from '@nestjs/common';

interface NumberRule {
  readonly min: number;
  readonly max: number;
  readonly integer?: boolean;
  /** What an argument that is left out stands for. Without it the argument is required. */
  readonly byDefault?: number;
}

/** Reads a number within bounds; anything else is answered with 400. */
@Injectable()
export class NumberPipe implements PipeTransform<unknown, number> {
  constructor(private readonly rule: NumberRule) {}

  transform(value: unknown, { data = 'value' }: ArgumentMetadata): number {
    const { min, max, integer = false, byDefault } = this.rule;
    if (value === undefined && byDefault !== undefined) return byDefault;
    const number = readNumber(value);
    // One spelling for each integer: 007 would be another page than 7, and what drops the one would miss the other.
    const whole = Number.isInteger(number) && String(number) === String(value);
    const fits = number >= min && number <= max && (!integer || whole);
    if (fits) return number;
    const kind = integer ? 'an integer' : 'a number';
    throw new BadRequestException(`${data} must be ${kind} from ${min} to ${max}`);
  }
}

function readNumber(value: unknown): number {
  if (typeof value === 'number') return value;
  return typeof value === 'string' && value.trim() !== '' ? Number(value) : Number.NaN;
}
