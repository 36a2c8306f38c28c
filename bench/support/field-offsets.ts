/** Where a field lies in each record of an OTLP message that we encoded ourselves: not for data from outside. */

const RESOURCE_LEVEL = 0x0a
const SCOPE_LEVEL = 0x12
const RECORD_LEVEL = 0x12

/** @returns for each span or log record the offset of the field's value, behind its length if it has one; 0 without it */
export function fieldOffsets(message: Uint8Array, tag: number): Uint32Array {
  const offsets: number[] = []
  for (const resource of fieldsOf(message, 0, message.length)) {
    if (resource.tag !== RESOURCE_LEVEL) continue
    for (const scope of fieldsOf(message, resource.at, resource.end)) {
      if (scope.tag !== SCOPE_LEVEL) continue
      for (const record of fieldsOf(message, scope.at, scope.end)) {
        if (record.tag !== RECORD_LEVEL) continue
        const found = fieldsOf(message, record.at, record.end).find((field) => field.tag === tag)
        offsets.push(found?.at ?? 0)
      }
    }
  }
  return Uint32Array.from(offsets)
}

interface Field {
  readonly tag: number
  readonly at: number
  readonly end: number
}

function fieldsOf(message: Uint8Array, from: number, to: number): readonly Field[] {
  const fields: Field[] = []
  for (let at = from; at < to;) {
    const tag = varintAt(message, at)
    const length = tag.value % 8 === 2 ? varintAt(message, tag.end) : undefined
    const start = length?.end ?? tag.end
    const end = length ? start + length.value : endOf(message, start, tag.value % 8)
    fields.push({ tag: tag.value, at: start, end })
    at = end
  }
  return fields
}

function endOf(message: Uint8Array, at: number, wireType: number): number {
  if (wireType === 1) return at + 8
  return wireType === 5 ? at + 4 : varintAt(message, at).end
}

function varintAt(message: Uint8Array, from: number): { readonly value: number; readonly end: number } {
  let value = 0
  for (let at = from, scale = 1; ; at++, scale *= 128) {
    const byte = message[at] as number
    value += (byte & 0x7f) * scale
    if (byte < 0x80) return { value, end: at + 1 }
  }
}
