// Rooms have to exist before clients join them. Redis is simulated inside the process.
const RedisMock = require('ioredis-mock');

const ROOMS = 1950;

const redis = () => ({ konstructor: RedisMock, args: [{ host: '127.0.0.1', port: 6379, db: 0 }], buildNew: true });

exports.DEFAULT = {
  general: () => ({
    startingChatRooms: Object.fromEntries(Array.from({ length: ROOMS }, (_, i) => [`room${i}`, {}])),
    simultaneousActions: 100,
  }),
  logger: () => ({ loggers: [] }),
  redis: () => ({ _toExpand: false, client: redis(), subscriber: redis(), tasks: redis() }),
  tasks: () => ({ scheduler: false, queues: [], minTaskProcessors: 0, maxTaskProcessors: 0 }),
  web: () => ({ enabled: true, port: Number(process.argv[2]), bindIP: '127.0.0.1' }),
  websocket: () => ({ enabled: true, clientJsName: undefined }),
};
