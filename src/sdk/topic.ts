/** The topic of the message that is being handled, in OpenTelemetry's context: it goes along wherever the handler goes on. */
import { createContextKey, type Context } from '@opentelemetry/api'

const TOPIC = createContextKey('aico-mesh topic')

export function withTopic(context: Context, topic: string): Context {
  return context.setValue(TOPIC, topic)
}

export function topicOf(context: Context): string | undefined {
  return context.getValue(TOPIC) as string | undefined
}
