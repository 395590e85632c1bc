import { BadRequestException, Injectable, type ArgumentMetadata, type PipeTransform } from '@nestjs/common';

interface TextRule {
  readonly min: number;
  readonly max: number;
}

/** Reads a text of a length within bounds, without the spaces around it; anything else is answered with 400. */
@Injectable()
export class TextPipe implements PipeTransform<unknown, string> {
  constructor(private readonly rule: TextRule) {}

  transform(value: unknown, { data = 'value' }: ArgumentMetadata): string {
    const { min, max } = this.rule;
    const text = typeof value === 'string' ? value.trim() : '';
    if (text.length >= min && text.length <= max) return text;
    throw new BadRequestException(`${data} must be a text of ${min} to ${max} characters`);
  }
}
