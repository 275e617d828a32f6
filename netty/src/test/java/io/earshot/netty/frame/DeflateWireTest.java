package io.earshot.netty.frame;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.Connection;
import io.earshot.Transport;
import io.earshot.netty.testing.WebSocketClient;
import io.earshot.protocol.RequestDecoder;
import io.earshot.spi.Intake;
import io.earshot.spi.Outbound;
import io.earshot.spi.Wire;
import io.earshot.testing.TestServer;
import io.netty.buffer.ByteBuf;
import java.io.ByteArrayOutputStream;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The fan-out to clients that agreed to compression, turn by turn. */
final class DeflateWireTest {
  private static final DeflateTerms BATCHES = new DeflateTerms(false, DeflateTerms.ANY_WINDOW);
  private static final DeflateTerms ALONE = new DeflateTerms(true, DeflateTerms.ANY_WINDOW);
  private static final DeflateTerms SMALL = new DeflateTerms(true, 9);
  private static final String LONG = "what is said here is worth to be compressed, ".repeat(5);

  private final TestServer server = new TestServer(1, TestServer.quiet());
  private final LoopDeflate loop = new LoopDeflate(256, () -> 0);

  /** A client that decompresses as the terms say. */
  private final class Client implements Outbound {
    private final boolean areAlone;
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private final Inflater inflater = new Inflater(true);
    private final Intake intake;
    private int writes;
    private int compressed;

    Client(DeflateTerms terms) {
      this(loop.wire(terms), terms.areAlone());
      hear();
    }

    Client(Wire wire, boolean areAlone) {
      this.areAlone = areAlone;
      var home = server.loops.getFirst();
      var connected = new ArrayList<Intake>();
      home.run(() -> connected.add(server.earshot.connect(home, this, wire, Transport.WEBSOCKET)));
      this.intake = connected.getFirst();
    }

    void say(String text) {
      String request = "{\"event\":\"say\",\"message\":\"" + text + "\"}";
      server.loops.getFirst().run(() -> intake.handle(RequestDecoder.frame(request)));
    }

    String id() {
      return ((Connection) intake).id();
    }

    /** Lets everything happen, and gives what was received since the last call. */
    byte[] hearBytes() {
      server.settle();
      byte[] all = bytes.toByteArray();
      bytes.reset();
      writes = 0;
      return all;
    }

    /** The texts of the room messages among what was received. */
    List<String> hear() {
      server.settle();
      var texts = new ArrayList<String>();
      compressed = 0;
      ByteBuffer all = ByteBuffer.wrap(hearBytes());
      while (all.hasRemaining()) {
        int first = all.get() & 0xFF;
        int length = all.get();
        byte[] payload = new byte[length == 126 ? all.getShort() & 0xFFFF : length];
        all.get(payload);
        String json =
            new String(first == WebSocketClient.TEXT ? payload : inflated(payload), UTF_8);
        assertThat(json).startsWith("{").endsWith("}");
        if (json.contains("\"context\":\"user\"")) {
          texts.add(json.substring(12, json.indexOf("\",\"room\"")));
        }
      }
      return texts;
    }

    private byte[] inflated(byte... payload) {
      compressed++;
      if (areAlone) {
        inflater.reset();
      }
      inflater.setInput(ByteBuffer.allocate(payload.length + 4).put(payload).putInt(0xFFFF).flip());
      byte[] text = new byte[100_000];
      try {
        int length = inflater.inflate(text);
        assertThat(inflater.getRemaining()).isZero();
        return Arrays.copyOf(text, length);
      } catch (DataFormatException e) {
        throw new AssertionError("it cannot be decompressed", e);
      }
    }

    @Override
    public void write(ByteBuf batch, int offset, int length) {
      writes++;
      byte[] some = new byte[length];
      batch.getBytes(offset, some);
      bytes.writeBytes(some);
    }

    @Override
    public SocketAddress remoteAddress() {
      return new InetSocketAddress(0);
    }

    @Override
    public int pendingBytes() {
      return 0;
    }

    @Override
    public void resume() {}

    @Override
    public void finish() {}

    @Override
    public void close() {}
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void a_message_is_compressed_once_for_all_members(boolean areAlone) {
    var speaker = new Client(Framing.FRAMES, true);
    List<Client> members =
        Stream.generate(() -> new Client(areAlone ? ALONE : BATCHES)).limit(20).toList();
    members.forEach(Client::hear);
    long before = loop.count();
    speaker.say(LONG + 1);
    speaker.say(LONG + 2);
    speaker.say(LONG + 3);
    server.settle();
    assertThat(loop.count() - before).isEqualTo(3);
    assertThat(members.getFirst().writes).isEqualTo(1);
    assertThat(members.getFirst().bytes.size()).isBetween(100, areAlone ? 700 : 400);
    for (Client member : members.subList(1, members.size())) {
      assertThat(member.bytes.toByteArray()).isEqualTo(members.getFirst().bytes.toByteArray());
    }
    for (Client member : members) {
      assertThat(member.hear()).containsExactly(LONG + 1, LONG + 2, LONG + 3);
      assertThat(member.compressed).isEqualTo(3);
    }
  }

  @Test
  void members_of_all_terms_share_a_room_and_each_receives_what_it_can_read() {
    var speaker = new Client(BATCHES);
    List<Client> others =
        List.of(
            new Client(Framing.FRAMES, true),
            new Client(BATCHES),
            new Client(ALONE),
            new Client(SMALL));
    others.forEach(Client::hear);
    for (int i = 0; i < 3; i++) {
      speaker.say(LONG + "a");
      speaker.say("short");
      speaker.say(LONG + "b");
      for (Client other : others) {
        assertThat(other.hear()).containsExactly(LONG + "a", "short", LONG + "b");
        assertThat(other.compressed).isEqualTo(other == others.getFirst() ? 0 : 2);
      }
      assertThat(speaker.hear()).isEmpty();
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void a_sender_gets_the_other_messages_of_the_batch_compressed_alone(boolean areAlone) {
    DeflateTerms terms = areAlone ? ALONE : BATCHES;
    var one = new Client(terms);
    var two = new Client(terms);
    var member = new Client(terms);
    Stream.of(one, two, member).forEach(Client::hear);
    long before = loop.count();
    one.say(LONG + "a");
    two.say(LONG + "b");
    one.say("c");
    two.say(LONG + "d");
    one.say(LONG + "e");
    assertThat(member.hear()).containsExactly(LONG + "a", LONG + "b", "c", LONG + "d", LONG + "e");
    assertThat(member.compressed).isEqualTo(4);
    assertThat(one.hear()).containsExactly(LONG + "b", LONG + "d");
    assertThat(one.compressed).isEqualTo(2);
    assertThat(two.hear()).containsExactly(LONG + "a", "c", LONG + "e");
    assertThat(two.compressed).isEqualTo(2);
    assertThat(loop.count() - before).isEqualTo(areAlone ? 4 : 8);
  }

  @Test
  void an_audience_keeps_the_messages_of_a_batch_apart() {
    var speaker = new Client(BATCHES);
    var one = new Client(BATCHES);
    var two = new Client(BATCHES);
    speaker.say(LONG + "0");
    Stream.of(speaker, one).forEach(Client::hear);
    int alone = two.hearBytes().length;
    speaker.say(LONG + "a");
    speaker.say(LONG + "b\",\"roomMatchKey\":\"id\",\"roomMatchValue\":\"" + one.id());
    speaker.say(LONG + "c");
    server.settle();
    assertThat(two.bytes.size()).as("each as long as alone").isGreaterThan(alone * 9 / 5);
    assertThat(one.hear()).containsExactly(LONG + "a", LONG + "b", LONG + "c");
    two.inflater.reset(); // the first message was not read
    assertThat(two.hear()).containsExactly(LONG + "a", LONG + "c");
    assertThat(two.compressed).isEqualTo(2);
  }

  @Test
  void a_member_that_joins_or_leaves_in_the_middle_of_a_turn_gets_its_part() {
    var speaker = new Client(BATCHES);
    var leaver = new Client(BATCHES);
    var member = new Client(BATCHES);
    Stream.of(speaker, leaver, member).forEach(Client::hear);
    speaker.say(LONG + "a");
    var joiner = new Client(loop.wire(BATCHES), false);
    speaker.say(LONG + "b");
    server
        .loops
        .getFirst()
        .run(
            () ->
                leaver.intake.handle(
                    RequestDecoder.frame("{\"event\":\"roomChange\",\"room\":\"attic\"}")));
    speaker.say(LONG + "c");
    assertThat(member.hear()).containsExactly(LONG + "a", LONG + "b", LONG + "c");
    assertThat(leaver.hear()).containsExactly(LONG + "a", LONG + "b");
    assertThat(joiner.hear()).containsExactly(LONG + "b", LONG + "c");
  }
}
