// An order system in TypeScript: npm install; npm start -- [delivery id]. It plays one delivery and prints each answer.
// TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE, TEMPORAL_API_KEY and so on say where Temporal is; without them it is the one of `doorstep up`.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  ApplicationFailure,
  Client,
  Connection,
  WithStartWorkflowOperation,
  WorkflowExecutionAlreadyStartedError,
  WorkflowFailedError,
  WorkflowUpdateFailedError,
} from '@temporalio/client';
import { loadClientConnectConfig } from '@temporalio/envconfig';

const PAYLOADS = process.env.OMS_PAYLOADS ?? join(__dirname, '..', 'payloads');

type Json = Record<string, unknown>;
type Delivery = (order: Json) => Promise<Json>;
type Problem = { loc: string; msg: string; type: string };

/** Doorstep said no: `type` is one of its error types, `problems` say what is wrong and where. */
class Refused extends Error {
  constructor(readonly type: string, readonly problems: Problem[]) {
    super(`${type}: ${JSON.stringify(problems)}`);
  }
}

function refused(error: unknown): unknown {
  const failed = error instanceof WorkflowUpdateFailedError || error instanceof WorkflowFailedError;
  if (!failed || !(error.cause instanceof ApplicationFailure)) return error;
  const { type, details, message } = error.cause;
  return new Refused(type ?? '', (details?.[0] as Problem[]) ?? [{ loc: '', msg: message, type: '' }]);
}

function starting(order: Json) {
  return {
    workflowId: `delivery-${order.delivery_id}`,
    taskQueue: 'deliveries',
    args: [order] as [Json],
    workflowIdConflictPolicy: 'USE_EXISTING',
    workflowIdReusePolicy: order.reopen ? 'ALLOW_DUPLICATE' : 'ALLOW_DUPLICATE_FAILED_ONLY',
  } as const;
}

/** Succeeds whatever the order says: a wrong one ends as a failed workflow a moment later. */
async function start(client: Client, order: Json): Promise<void> {
  await client.workflow.start<Delivery>('Delivery', starting(order));
}

/** Starts, and waits until the order is accepted or refused. To send the same order again is safe. */
async function accepted(client: Client, order: Json): Promise<Json> {
  const startWorkflowOperation = new WithStartWorkflowOperation<Delivery>('Delivery', starting(order));
  try {
    return await client.workflow.executeUpdateWithStart<Delivery, Json, [Json]>('accepted', { startWorkflowOperation, args: [{}] });
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw refused(error);
    const msg = `delivery ${order.delivery_id} has ended; to begin its next generation set reopen`;
    throw new Refused('AlreadyFinished', [{ loc: '', msg, type: 'AlreadyFinished' }]);
  }
}

/** One event or a batch. Its event_id makes it count once, however often it is sent. */
async function report(client: Client, deliveryId: string, event: Json): Promise<void> {
  await client.workflow.getHandle(`delivery-${deliveryId}`).signal('report', event);
}

/** `reschedule`, `cancel` and so on. With an `updateId` of your own it is done once, however often it is sent. */
async function update(client: Client, deliveryId: string, name: string, request: Json, updateId?: string): Promise<Json> {
  const handle = client.workflow.getHandle(`delivery-${deliveryId}`);
  try {
    return await handle.executeUpdate<Json, [Json]>(name, { args: [request], updateId });
  } catch (error) {
    throw refused(error);
  }
}

/** How it went, or null while it goes on: a delivery ends when the time for corrections after its final status is over. */
async function result(client: Client, deliveryId: string, seconds: number): Promise<Json | null> {
  let timer: NodeJS.Timeout | undefined;
  const tooLong = new Promise<null>((resolve) => {
    timer = setTimeout(() => resolve(null), seconds * 1000);
  });
  try {
    return await Promise.race([client.workflow.result<Delivery>(`delivery-${deliveryId}`), tooLong]);
  } catch (error) {
    throw refused(error);
  } finally {
    clearTimeout(timer);
  }
}

const tell = (step: string, answer: unknown) => console.log(JSON.stringify({ step, answer }));

async function expectRefusal(step: string, call: Promise<Json>): Promise<void> {
  try {
    await call;
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    tell(step, { type: error.type, details: error.problems });
  }
}

async function play(client: Client, deliveryId: string, seconds: number): Promise<void> {
  const payload = (name: string): Json =>
    JSON.parse(readFileSync(join(PAYLOADS, name), 'utf8').replaceAll('D-1001', deliveryId));

  await start(client, payload('order.json'));
  tell('accepted', await accepted(client, payload('order.json')));
  for (const name of ['event.json', 'event.json', 'batch.json']) await report(client, deliveryId, payload(name));
  tell('rescheduled', await update(client, deliveryId, 'reschedule', payload('reschedule.json'), 'reschedule-1'));
  tell('snapshot', await client.workflow.getHandle(`delivery-${deliveryId}`).query('snapshot'));
  tell('cancelled', await update(client, deliveryId, 'cancel', payload('cancel.json'), 'cancel-1'));
  const ended = await result(client, deliveryId, seconds);
  tell('result', ended);
  if (ended) {
    await expectRefusal('ended', accepted(client, payload('order.json')));
    tell('reopened', await accepted(client, payload('order-again.json')));
  }
  await expectRefusal('refused', accepted(client, payload('order-refused.json')));
}

async function main(deliveryId = 'D-1001', seconds = '5'): Promise<void> {
  const { connectionOptions, namespace } = loadClientConnectConfig();
  const connection = await Connection.connect({ address: '127.0.0.1:7233', ...connectionOptions });
  await play(new Client({ connection, namespace }), deliveryId, Number(seconds));
  await connection.close();
}

main(...process.argv.slice(2)).then(
  () => process.exit(0), // without waiting for a result that is still to come
  (error) => {
    console.error(error);
    process.exit(1);
  },
);
