package io.earshot.netty.frame;

import io.earshot.spi.Ending;
import io.earshot.spi.Intake;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.time.Duration;

/**
 * How long a client may be silent: when the server pings it, and when it ends the connection.
 *
 * <p>Immutable.
 *
 * @param framing the format of a ping
 * @param pingAfter after how many silent seconds a ping is sent; 0 for never
 * @param endAfter after how many silent seconds the connection is ended; 0 for never
 */
public record KeepAlive(Framing framing, int pingAfter, int endAfter) {

  public static KeepAlive of(Framing framing, Duration pingAfter, Duration endAfter) {
    return new KeepAlive(framing, seconds(pingAfter), seconds(endAfter));
  }

  private static int seconds(Duration duration) {
    return Math.toIntExact(Math.min(Integer.MAX_VALUE, (duration.toMillis() + 999) / 1000));
  }

  /**
   * Pings the client or ends its connection if it is time. Called once a second.
   *
   * @param silent the seconds since the last bytes came in
   */
  public void check(int silent, Intake intake) {
    // The current second may have just begun, so it is not counted as silent.
    if (endAfter > 0 && silent > endAfter) {
      intake.dismiss(Ending.IDLE);
    } else if (pingAfter > 0 && silent > 0 && silent % pingAfter == 0) {
      ByteBuf ping = Unpooled.directBuffer(16);
      try {
        framing.ping(ping);
        intake.write(ping);
      } finally {
        ping.release();
      }
    }
  }
}
