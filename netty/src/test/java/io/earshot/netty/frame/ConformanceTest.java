package io.earshot.netty.frame;

import static io.earshot.netty.testing.WebSocketClient.CLOSE;
import static io.earshot.netty.testing.WebSocketClient.PING;
import static io.earshot.netty.testing.WebSocketClient.PONG;
import static io.earshot.netty.testing.WebSocketClient.TEXT;
import static io.earshot.netty.testing.WebSocketClient.encode;
import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.Action;
import io.earshot.Call;
import io.earshot.Config;
import io.earshot.netty.EarshotServer;
import io.earshot.netty.testing.Client;
import io.earshot.netty.testing.Kind;
import io.earshot.netty.testing.RecordingIntake;
import io.earshot.netty.testing.WebSocketClient;
import io.earshot.netty.testing.WebSocketClient.Frame;
import io.earshot.spi.Ending;
import io.netty.util.ResourceLeakDetector;
import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * RFC 6455, case by case, against an action that echoes its input. Where the RFC leaves a choice,
 * Earshot answers a binary message or an unknown text with an error, and the connection lives; it
 * checks UTF-8 when a message is complete; it negotiates no extension.
 */
final class ConformanceTest {
  private static final int MAX = 16 << 20;

  private static final String ERROR = "error";
  private static final String START = "{\"action\":\"echo\",\"params\":{\"x\":\"";
  private static final String END = "\"}}";

  @SuppressWarnings("NullAway.Init")
  private static List<EarshotServer> servers;

  /** Where each access to a buffer is written down, as elsewhere in tests, this takes minutes. */
  private static final ResourceLeakDetector.Level LEVEL = ResourceLeakDetector.getLevel();

  @BeforeAll
  static void start() {
    ResourceLeakDetector.setLevel(ResourceLeakDetector.Level.SIMPLE);
    Config config =
        Config.defaults()
            .with("webSockets.maxMessageLength", MAX)
            .with("limits.answerBytes", MAX + 1024)
            .with("limits.outboundBytes", 3 * MAX);
    servers =
        Stream.of(Kind.LEAN_FRAMES, Kind.EPOLL_FRAMES).map(kind -> kind.start(config)).toList();
    servers.forEach(server -> server.api().actions().add(new Echo()));
  }

  @AfterAll
  static void stop() {
    servers.forEach(EarshotServer::close);
    ResourceLeakDetector.setLevel(LEVEL);
  }

  /** Gives back what it is given. */
  static final class Echo implements Action {
    @Override
    public String name() {
      return "echo";
    }

    @Override
    public List<String> required() {
      return List.of("x");
    }

    @Override
    public void run(Call call) {
      call.put("x", call.text("x"));
    }
  }

  // --- cases -------------------------------------------------------------------------------------

  /**
   * The outcome of a case.
   *
   * @param data the answers to its messages, in order
   * @param pongs the payloads of its pongs, in order
   * @param code the close code that it gets; 1000 if the client closes the connection itself
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared, never changed
  record Case(String name, byte[] sent, List<String> data, List<String> pongs, int code) {
    @Override
    public String toString() {
      return name;
    }
  }

  private static Case fine(String name, byte[] sent, String... data) {
    return new Case(name, sent, List.of(data), List.of(), 1000);
  }

  private static Case ponged(String name, byte[] sent, List<String> pongs, String... data) {
    return new Case(name, sent, List.of(data), pongs, 1000);
  }

  private static Case broken(String name, int code, byte[]... sent) {
    // What came before is answered, and what comes after is not.
    byte[] all = concat(encode(TEXT), concat(sent), encode(TEXT), encode(PING));
    return new Case(name, all, List.of(ERROR), List.of(), code);
  }

  private static byte[] concat(byte[]... parts) {
    var out = new ByteArrayOutputStream();
    for (byte[] part : parts) {
      out.writeBytes(part);
    }
    return out.toByteArray();
  }

  private static byte[] asking(String text) {
    return (START + text + END).getBytes(UTF_8);
  }

  private static byte[] message(String text) {
    return encode(TEXT, asking(text));
  }

  /** A message in so many bytes; what it says is as long as that leaves room for. */
  private static String ofLength(int bytes) {
    return "*".repeat(bytes - START.length() - END.length());
  }

  /** A message in pieces of one length, with something between each two. */
  private static byte[] fragmented(String text, int length, byte... between) {
    byte[] all = asking(text);
    var out = new ByteArrayOutputStream(all.length * 2);
    for (int at = 0; at < all.length; at += length) {
      int end = Math.min(all.length, at + length);
      int first = (at == 0 ? 0x01 : 0x00) | (end == all.length ? 0x80 : 0x00);
      out.writeBytes(encode(first, Arrays.copyOfRange(all, at, end)));
      if (end < all.length) {
        out.writeBytes(between);
      }
    }
    return out.toByteArray();
  }

  private static byte[] close(int code, byte... reason) {
    return encode(CLOSE, concat(new byte[] {(byte) (code >>> 8), (byte) code}, reason));
  }

  static List<Case> cases() {
    var cases = new ArrayList<Case>();
    // Framing.
    for (int size : new int[] {0, 1, 125, 126, 127, 128, 65_535, 65_536, 131_072}) {
      cases.add(
          size < 100
              ? fine("text of " + size, encode(TEXT, new byte[size]), ERROR)
              : fine("text of " + size, message(ofLength(size)), ofLength(size)));
      cases.add(fine("binary of " + size, encode(0x82, new byte[size]), ERROR));
    }
    // Pings and pongs.
    String most = "\u00FE".repeat(125);
    cases.add(ponged("ping of nothing", encode(PING), List.of("")));
    cases.add(ponged("ping of a text", encode(PING, "hi".getBytes(UTF_8)), List.of("hi")));
    cases.add(ponged("ping of 125", encode(PING, most.getBytes(ISO_8859_1)), List.of(most)));
    cases.add(broken("ping of 126", 1002, encode(PING, new byte[126])));
    cases.add(fine("pongs that nobody asked for", concat(encode(PONG), encode(PONG, (byte) 1))));
    cases.add(
        ponged(
            "pong, then ping",
            concat(encode(PONG, (byte) 'x'), encode(PING, (byte) 'y')),
            List.of("y")));
    List<String> ten = IntStream.range(0, 10).mapToObj(i -> "ping " + i).toList();
    cases.add(
        ponged(
            "ten pings",
            concat(
                ten.stream()
                    .map(ping -> encode(PING, ping.getBytes(UTF_8)))
                    .toArray(byte[][]::new)),
            ten));
    // Reserved bits and opcodes.
    for (int bits = 1; bits < 8; bits++) {
      for (int first : new int[] {TEXT, 0x82, PING, CLOSE}) {
        cases.add(
            broken(
                "reserved bits " + bits + " on " + (first & 15), 1002, encode(first | bits << 4)));
      }
    }
    for (int opcode : new int[] {3, 4, 5, 6, 7, 11, 12, 13, 14, 15}) {
      cases.add(broken("opcode " + opcode, 1002, encode(0x80 | opcode)));
      cases.add(
          broken("opcode " + opcode + " with data", 1002, encode(0x80 | opcode, asking("x"))));
    }
    // Fragmentation.
    byte[] ping = encode(PING, (byte) 'p');
    for (int length : new int[] {1, 2, 30, 35, 40}) {
      cases.add(fine("fragments of " + length, fragmented("hello", length), "hello"));
    }
    cases.add(fine("a pong in between", fragmented("hello", 20, encode(PONG)), "hello"));
    cases.add(ponged("a ping in between", fragmented("hello", 20, ping), List.of("p"), "hello"));
    cases.add(
        ponged(
            "pings in between",
            fragmented("hello", 8, ping),
            List.of("p", "p", "p", "p"),
            "hello"));
    cases.add(
        fine(
            "empty fragments",
            concat(encode(0x01), encode(0), encode(0), encode(0x80, asking("x"))),
            "x"));
    cases.add(fine("nothing in fragments", concat(encode(0x01), encode(0), encode(0x80)), ERROR));
    cases.add(fine("binary in fragments", concat(encode(0x02), encode(0x80, new byte[9])), ERROR));
    cases.add(broken("a ping in fragments", 1002, encode(0x09, (byte) 1), encode(0x80)));
    cases.add(broken("a pong in fragments", 1002, encode(0x0A, (byte) 1), encode(0x80)));
    cases.add(broken("a close in fragments", 1002, encode(0x08), encode(0x80)));
    cases.add(broken("a last continuation of nothing", 1002, encode(0x80, asking("x"))));
    cases.add(broken("a continuation of nothing", 1002, encode(0x00, asking("x"))));
    cases.add(
        new Case(
            "a continuation of what was over",
            concat(encode(0x01), encode(0x80), encode(0x80)),
            List.of(ERROR),
            List.of(),
            1002));
    cases.add(
        broken("text inside text", 1002, encode(0x01, asking("x")), encode(TEXT, asking("y"))));
    cases.add(broken("text begun inside text", 1002, encode(0x01), encode(0x01)));
    cases.add(broken("binary inside text", 1002, encode(0x01), encode(0x82)));
    // Closing.
    cases.add(
        new Case(
            "close, then ping",
            concat(encode(CLOSE), ping, message("x")),
            List.of(),
            List.of(),
            1005));
    cases.add(
        new Case("close twice", concat(close(1000), close(3000)), List.of(), List.of(), 1000));
    cases.add(
        new Case(
            "close after a question",
            concat(message("last"), close(1001)),
            List.of("last"),
            List.of(),
            1001));
    cases.add(
        new Case(
            "close inside a message",
            concat(encode(0x01, asking("x")), close(1000)),
            List.of(),
            List.of(),
            1000));
    cases.add(broken("close with one byte", 1002, encode(CLOSE, (byte) 3)));
    cases.add(broken("close with 126", 1002, close(1000, new byte[124])));
    cases.add(
        broken(
            "close with no UTF-8",
            1007,
            close(1000, (byte) 0xCE, (byte) 0xBA, (byte) 0xED, (byte) 0xA0, (byte) 0x80)));
    cases.add(
        new Case(
            "close with 125",
            close(1000, "*".repeat(123).getBytes(UTF_8)),
            List.of(),
            List.of(),
            1000));
    for (int code :
        new int[] {
          1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000,
          4999
        }) {
      cases.add(new Case("close " + code, close(code, (byte) 'x'), List.of(), List.of(), code));
    }
    for (int code :
        new int[] {0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535}) {
      cases.add(broken("close " + code, 1002, close(code, (byte) 'x')));
    }
    return cases;
  }

  private static void play(EarshotServer server, Case played, int chop) throws Exception {
    try (var client = WebSocketClient.welcomed(server.httpPort())) {
      client.socket.setSoTimeout(6 * Client.TIMEOUT); // a busy machine takes long for 16 MiB
      byte[] all = played.code == 1000 ? concat(played.sent, close(1000)) : played.sent;
      Thread sending =
          Thread.startVirtualThread(
              () -> {
                try {
                  for (int at = 0; at < all.length; at += chop) {
                    client.bytes(Arrays.copyOfRange(all, at, Math.min(all.length, at + chop)));
                  }
                } catch (java.io.UncheckedIOException e) {
                  // It was cut off in the middle, as it may be.
                }
              });
      var data = new ArrayList<String>();
      var pongs = new ArrayList<String>();
      Frame frame = client.nextFrame();
      for (; frame != null && frame.first() != CLOSE; frame = client.nextFrame()) {
        if (frame.first() == PONG) {
          pongs.add(new String(frame.payload(), ISO_8859_1));
        } else {
          data.add(answer(frame.text()));
        }
      }
      assertThat(frame).as("a close frame").isNotNull();
      assertThat(frame.closeCode()).isEqualTo(played.code);
      assertThat(shown(data)).isEqualTo(shown(played.data));
      assertThat(pongs).isEqualTo(played.pongs);
      assertThat(client.nextFrame()).isNull();
      sending.join();
    }
  }

  private static String answer(String json) {
    int start = json.indexOf("\"x\":\"");
    return start < 0
        ? json.contains("\"error\":\"Error: ") ? ERROR : json
        : json.substring(start + 5, json.indexOf('"', start + 5));
  }

  /** Replaces texts that are too long for an error message by a digest. */
  private static List<String> shown(List<String> texts) {
    return texts.stream()
        .map(text -> text.length() < 300 ? text : text.length() + " characters, " + text.hashCode())
        .toList();
  }

  @ParameterizedTest
  @MethodSource("cases")
  void each_case_has_the_outcome_that_the_rfc_says(Case played) throws Exception {
    play(servers.getFirst(), played, Integer.MAX_VALUE / 2);
    play(servers.getFirst(), played, played.sent.length < 1_000 ? 1 : 997);
    play(servers.getLast(), played, played.sent.length < 1_000 ? 7 : 4_999);
  }

  // --- limits ------------------------------------------------------------------------------------

  static List<Case> large() {
    var begun = new ByteArrayOutputStream();
    begun.writeBytes(encode(0x01));
    for (int i = 0; i < 1 << 16; i++) {
      begun.writeBytes(encode(0x00, (byte) ' '));
    }
    String four = ofLength(4 << 20);
    return List.of(
        fine("1 MiB", message(ofLength(1 << 20)), ofLength(1 << 20)),
        fine("16 MiB", message(ofLength(MAX)), ofLength(MAX)),
        broken("16 MiB and a byte", 1009, message(ofLength(MAX + 1))),
        fine("4 MiB in 65,536 fragments", fragmented(four, 64), four),
        fine("4 MiB in 16 fragments", fragmented(four, 256 << 10), four),
        broken("65,537 fragments", 1009, begun.toByteArray()),
        broken("16 MiB and a byte in fragments", 1009, fragmented(ofLength(MAX + 1), 1 << 20)));
  }

  @ParameterizedTest
  @MethodSource("large")
  void messages_may_be_as_long_as_the_settings_say(Case played) throws Exception {
    play(servers.getFirst(), played, 99_991);
  }

  // --- UTF-8 -------------------------------------------------------------------------------------

  /** The first and last of each length, what is just beyond, and what only looks like text. */
  static final List<String> VALID =
      List.of(
          "7f",
          "c280",
          "dfbf",
          "e0a080",
          "ed9fbf",
          "ee8080",
          "efbfbd",
          "efbfbf",
          "efb790",
          "f0908080",
          "f48fbfbf",
          "f09fbfbe",
          "cebae1bdb9cf83cebcceb5",
          "f09f9880",
          "e284a2");

  static final List<String> INVALID =
      List.of(
          "80",
          "bf",
          "80bf80",
          "c080",
          "c1bf",
          "c3",
          "c328",
          "e08080",
          "e09fbf",
          "e0a0",
          "ed a0 80",
          "edbfbf",
          "eda080edb080",
          "efbf",
          "f0808080",
          "f08fbfbf",
          "f0908080ff",
          "f09080",
          "f4908080",
          "f5808080",
          "f888808080",
          "fbbfbfbfbf",
          "fc8480808080",
          "fdbfbfbfbfbf",
          "fe",
          "ff",
          "fffe",
          "cebae1bdb9cf83cebcceb5eda080656469746564",
          "cebae1bdb9cf83cebcceb5f4908080");

  private static byte[] saying(String hex) {
    return concat(
        "{\"event\":\"say\",\"message\":\"".getBytes(UTF_8),
        HexFormat.of().parseHex(hex.replace(" ", "")),
        "\"}".getBytes(UTF_8));
  }

  private static RecordingIntake inTwoFragments(byte[] text, int cut) {
    var taker = new RecordingIntake();
    taker.feed(
        new FrameDecoder(taker, 1_000),
        concat(
            encode(0x01, Arrays.copyOf(text, cut)),
            encode(PING),
            encode(0x80, Arrays.copyOfRange(text, cut, text.length))));
    return taker;
  }

  @ParameterizedTest
  @FieldSource("VALID")
  void utf8_text_is_accepted_wherever_it_is_cut(String hex) {
    byte[] text = saying(hex);
    for (int cut = 0; cut <= text.length; cut++) {
      RecordingIntake taker = inTwoFragments(text, cut);
      assertThat(taker.said()).containsExactly(new String(HexFormat.of().parseHex(hex), UTF_8));
      assertThat(taker.ending).isNull();
    }
  }

  @ParameterizedTest
  @FieldSource("INVALID")
  void invalid_utf8_is_refused_wherever_it_is_cut(String hex) {
    byte[] text = saying(hex);
    for (int cut = 0; cut <= text.length; cut++) {
      RecordingIntake taker = inTwoFragments(text, cut);
      assertThat(taker.said()).isEmpty();
      assertThat(taker.ending).isEqualTo(Ending.NOT_UTF8);
    }
  }
}
