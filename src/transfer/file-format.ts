/** Formats that files of records have. */
export const FILE_FORMATS = ['otlp-json', 'otlp-protobuf', 'jaeger', 'text'] as const
export type FileFormat = (typeof FILE_FORMATS)[number]
