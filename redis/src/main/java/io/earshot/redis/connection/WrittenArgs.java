package io.earshot.redis.connection;

import io.lettuce.core.codec.ByteArrayCodec;
import io.lettuce.core.codec.RedisCodec;
import io.lettuce.core.codec.StringCodec;
import io.lettuce.core.protocol.CommandArgs;
import io.netty.buffer.ByteBuf;

/**
 * The arguments of EVAL or EVALSHA, for Lettuce.
 *
 * <p>Immutable.
 */
final class WrittenArgs extends CommandArgs<String, byte[]> {
  static final RedisCodec<String, byte[]> CODEC =
      RedisCodec.of(StringCodec.UTF8, ByteArrayCodec.INSTANCE);

  private final Written script;
  private final Written keys;
  private final Written arguments;

  /**
   * A call of a script.
   *
   * @param script its text or its SHA-1
   */
  WrittenArgs(String script, Written keys, Written arguments) {
    super(CODEC);
    this.script = new Written(script.length() + 32).add(script).add(keys.count());
    this.keys = keys;
    this.arguments = arguments;
  }

  @Override
  public int count() {
    return script.count() + keys.count() + arguments.count();
  }

  @Override
  public void encode(ByteBuf buffer) {
    for (Written each : new Written[] {script, keys, arguments}) {
      buffer.writeBytes(each.bytes(), 0, each.length());
    }
  }
}
