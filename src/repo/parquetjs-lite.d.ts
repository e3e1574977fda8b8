/** The part of parquetjs-lite that Floe uses: writing. It reads nothing here (ADR 0001). */
declare module 'parquetjs-lite' {
  interface FieldDefinition {
    type: 'UTF8' | 'INT64' | 'BOOLEAN' | 'TIMESTAMP_MILLIS'
    optional?: boolean
    statistics?: false
    compression?: 'UNCOMPRESSED' | 'GZIP' | 'SNAPPY'
  }
  export class ParquetSchema {
    constructor(fields: Record<string, FieldDefinition>)
  }
  export class ParquetWriter {
    static openFile(schema: ParquetSchema, path: string, options?: { rowGroupSize?: number }): Promise<ParquetWriter>
    setMetadata(key: string, value: string): void
    appendRow(row: Record<string, unknown>): Promise<void>
    close(): Promise<void>
  }
}
