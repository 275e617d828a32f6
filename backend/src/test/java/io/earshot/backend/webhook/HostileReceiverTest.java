package io.earshot.backend.webhook;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import io.earshot.BackEndSettings;
import io.earshot.Config;
import io.earshot.FeedEvent;
import io.earshot.backend.http.BackEndClient;
import io.earshot.protocol.Json;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Back ends that answer badly: each request has a bound, and the events are sent again. */
class HostileReceiverTest {
  private static final String OK = "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n";

  private final List<Socket> sockets = new CopyOnWriteArrayList<>();
  private final AtomicInteger requests = new AtomicInteger();
  private ServerSocket port;

  /** What a back end does with its first two requests. */
  enum Answering {
    TEN_MEGABYTES {
      @Override
      void answer(OutputStream out) throws IOException {
        out.write("HTTP/1.1 200 OK\r\nContent-Length: 10000000\r\n\r\n".getBytes(ISO_8859_1));
        out.write(new byte[10_000_000]);
      }
    },
    ENDLESS_HEADERS {
      @Override
      void answer(OutputStream out) throws IOException {
        out.write("HTTP/1.1 200 OK\r\n".getBytes(ISO_8859_1));
        byte[] some = "x-a: 0123456789\r\n".repeat(10_000).getBytes(ISO_8859_1);
        for (int i = 0; i < 100; i++) {
          out.write(some);
        }
      }
    },
    REDIRECT {
      @Override
      void answer(OutputStream out) throws IOException {
        out.write(
            "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"
                .getBytes(ISO_8859_1));
      }
    },
    GARBAGE {
      @Override
      void answer(OutputStream out) throws IOException {
        out.write(new byte[] {0, 1, 2, (byte) 0xff, '\r', '\n', '\r', '\n'});
      }
    },
    BYTE_BY_BYTE {
      @Override
      void answer(OutputStream out) throws IOException {
        out.write("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n".getBytes(ISO_8859_1));
        for (int i = 0; i < 1_000; i++) {
          out.write('x');
          out.flush();
          LockSupport.parkNanos(50_000_000);
        }
      }
    },
    NOTHING {
      @Override
      void answer(OutputStream out) {
        LockSupport.parkNanos(5_000_000_000L);
      }
    },
    LATER {
      @Override
      void answer(OutputStream out) throws IOException {
        out.write(
            "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 70\r\nContent-Length: 0\r\n\r\n"
                .getBytes(ISO_8859_1));
      }
    },
    RESET {
      @Override
      void answer(OutputStream out) {}
    };

    abstract void answer(OutputStream out) throws IOException;
  }

  @AfterEach
  void close() throws IOException {
    port.close();
    for (Socket socket : sockets) {
      socket.close();
    }
  }

  private void listen(Answering answering) throws IOException {
    port = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    Thread.startVirtualThread(
        () -> {
          while (!port.isClosed()) {
            try {
              Socket socket = port.accept();
              sockets.add(socket);
              Thread.startVirtualThread(() -> serve(socket, answering));
            } catch (IOException e) {
              return;
            }
          }
        });
  }

  private void serve(Socket socket, Answering answering) {
    try (socket) {
      readHeadAndBody(socket.getInputStream());
      if (requests.incrementAndGet() <= 2) {
        answering.answer(socket.getOutputStream());
        if (answering == Answering.RESET) {
          socket.setSoLinger(true, 0);
        }
      } else {
        socket.getOutputStream().write(OK.getBytes(ISO_8859_1));
      }
    } catch (IOException e) {
      // the webhook ended the connection
    }
  }

  private static void readHeadAndBody(InputStream in) throws IOException {
    var head = new StringBuilder();
    while (head.indexOf("\r\n\r\n") < 0) {
      int b = in.read();
      if (b < 0) {
        throw new IOException("no request");
      }
      head.append((char) b);
    }
    String length = head.toString().replaceAll("(?is).*content-length: (\\d+).*", "$1");
    in.readNBytes(Integer.parseInt(length));
  }

  @ParameterizedTest
  @EnumSource
  void the_events_arrive_once_the_back_end_answers_as_it_should(Answering answering)
      throws Exception {
    listen(answering);
    BackEndSettings settings =
        Config.defaults().with("backEnds.privateAddresses", "127.0.0.1").backEnds();
    String url = "http://127.0.0.1:" + port.getLocalPort() + "/";
    WebhookRule rule = WebhookRule.parse(List.of("all * " + url + " timeout=250ms")).getFirst();
    var clock = new VirtualBackEnd();
    try (var client = new BackEndClient(settings, InstantSource.system())) {
      var webhook =
          new Webhook(
              rule,
              Duration.ofHours(1),
              Webhooks.transport(client, clock),
              clock,
              () -> 0,
              clock.letters,
              (name, what) -> {});
      FeedEvent event = VirtualBackEnd.event("e", 0, Json.of("hello"));
      var events = new ArrayList<>(List.of(event));
      long began = clock.now;
      webhook.handle(events);
      assertThat(clock.now - began >= 2 * 70_000).isEqualTo(answering == Answering.LATER);
      assertThat(webhook.state().snapshot().sent()).isEqualTo(1);
      assertThat(webhook.state().snapshot().failures()).isPositive();
      assertThat(webhook.state().snapshot().lastError()).isNotEmpty();
      assertThat(clock.letters.size()).isZero();
      assertThat(requests.get()).isGreaterThanOrEqualTo(3);
    }
  }
}
