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
 * Replays the transcripts with clients on two servers that share one Redis; the result is the same
 * as on one server.
 */
final class ClusterTranscriptTest extends TranscriptTest {
  private static RedisServer redis;

  /** On one kind of socket only: the kind of socket does not matter to a cluster. */
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
            // A start waits for so long; the first one on a cold machine is slow.
            .with("redis.lease", "40s")
            .with("redis.timeout", "20s");
    return new Servers(List.of(kind.startAsIs(meeting), kind.startAsIs(meeting)));
  }
}
