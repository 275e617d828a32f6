package io.earshot.netty;

import io.earshot.Config;
import io.earshot.netty.testing.Kind;
import io.earshot.redis.RedisServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.provider.Arguments;

/**
 * Replays the transcripts with their clients spread over two servers that meet at one Redis: nobody
 * can tell the difference.
 */
final class ClusterTranscriptTest extends TranscriptTest {
  private static RedisServer redis;

  /** Over one kind of socket: what is told there is not what another one changes. */
  static Stream<Arguments> transcripts() throws IOException {
    return TranscriptTest.transcripts()
        .filter(each -> String.valueOf(each.get()[1]).startsWith("LEAN"));
  }

  @BeforeAll
  static void startRedis() throws IOException, InterruptedException {
    redis = new RedisServer();
  }

  @AfterAll
  static void stopRedis() {
    redis.close();
  }

  @Override
  Servers start(Kind kind, Config config) {
    try {
      redis.command("FLUSHALL");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    Config meeting =
        config
            .with("redis.url", redis.url())
            .with("commonWeb.cookieSecret", "the same for both")
            // A start waits for so long; the first of a cold machine takes its time.
            .with("redis.lease", "40s")
            .with("redis.timeout", "20s");
    return new Servers(List.of(kind.start(meeting), kind.start(meeting)));
  }
}
