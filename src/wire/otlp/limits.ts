/** Limits on OTLP from outside. All are checked before memory is spent on what they bound. */
import { MAX_SEGMENT_RAW_BYTES } from '../../model/segment.ts'

/** Largest message, in bytes: what the OTLP specification recommends servers to accept. */
export const MAX_OTLP_BYTES = 64 << 20
/** Most resources in one message: an exporter sends one, a collector a few hundred. */
export const MAX_RESOURCES = 4096
/** Most scopes in one message, over all its resources. */
export const MAX_SCOPES = 16_384
/** Most records in one message: 200 times an SDK's batch; bounds what rows may weigh in memory. */
export const MAX_RECORDS = 100_000
/** Most bytes of one resource without its scopes, and of one scope without its records: room in every segment is kept for both. */
export const MAX_HEAD_BYTES = 64 << 10
/** Bytes that a scope's and a resource's own tag and length add around a record: twice a tag and a 5-byte length. */
const FRAME_BYTES = 12
/** Largest record, in bytes, with its tag and length: with the largest heads around it, it still fits a segment. */
export const MAX_RECORD_BYTES = MAX_SEGMENT_RAW_BYTES - 2 * MAX_HEAD_BYTES - FRAME_BYTES
/** Most attributes in one list: eight times the default limit of SDKs. */
export const MAX_ATTRIBUTES = 1024
/** Most values nested in each other: protobuf's usual 100 messages are 33 of these. */
export const MAX_VALUE_DEPTH = 32
/** Most messages, strings and numbers in the lists of one record: two bytes on the wire become a hundred in memory. */
export const MAX_ELEMENTS = 131_072
/** Latest time, in nanoseconds since 1970: a signed 64-bit integer, so that every database can hold it. */
export const MAX_UNIX_NANO = 2n ** 63n - 1n
/** Deepest JSON, in objects and arrays: the deepest value (4 levels each) in the deepest place, and some to spare. */
export const MAX_JSON_DEPTH = 256
/** Most objects and arrays in a JSON document: each takes some 50 bytes in memory for 3 in the text. */
export const MAX_JSON_OBJECTS = 4_000_000
