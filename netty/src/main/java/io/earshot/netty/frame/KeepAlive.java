package io.earshot.netty.frame;

import io.earshot.spi.Ending;
import io.earshot.spi.Intake;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.time.Duration;

/**
 * How long a connection may be silent, and what is done about it before.
 *
 * <p>Immutable.
 *
 * @param framing how a ping is said
 * @param pingAfter after how many silent seconds one is sent; 0 for never
 * @param endAfter after how many the connection is ended; 0 for never
 */
public record KeepAlive(Framing framing, int pingAfter, int endAfter) {

  public static KeepAlive of(Framing framing, Duration pingAfter, Duration endAfter) {
    return new KeepAlive(framing, seconds(pingAfter), seconds(endAfter));
  }

  private static int seconds(Duration duration) {
    return Math.toIntExact(Math.min(Integer.MAX_VALUE, (duration.toMillis() + 999) / 1000));
  }

  /** Called once a second with the seconds since anything came in. */
  public void check(int silent, Intake intake) {
    // Of a second that has begun, any part may have passed: who spoke a moment ago is not cut off.
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
