package io.earshot.netty.testing;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** A client that speaks HTTP as it is told to, and keeps cookies if it is told to. */
public final class HttpClient extends Client {
  private static final Pattern REQUESTOR =
      Pattern.compile("\"requestorInformation\":\\{\"id\":\"(\\p{XDigit}{40})\"");

  private final boolean keepsCookies;
  private final String[] always;
  private final Map<String, String> cookies = new LinkedHashMap<>();

  /** A response. */
  public record Response(int status, String head, String body) {
    public List<String> header(String name) {
      return head.lines()
          .filter(line -> line.toLowerCase(Locale.ROOT).startsWith(name + ": "))
          .map(line -> line.substring(name.length() + 2))
          .toList();
    }

    /** The public id of the client, as the response has it. */
    public String id() {
      Matcher id = REQUESTOR.matcher(body);
      if (!id.find()) {
        throw new AssertionError(body);
      }
      return id.group(1);
    }
  }

  public HttpClient(int port, boolean keepsCookies) {
    this(port, keepsCookies, new String[0]);
  }

  /** One whose requests all have these headers. */
  public HttpClient(int port, boolean keepsCookies, String... always) {
    super(port, null);
    this.keepsCookies = keepsCookies;
    this.always = always.clone();
  }

  public HttpClient(int port, String from) {
    super(port, null, from);
    this.keepsCookies = false;
    this.always = new String[0];
  }

  public String cookie(String name) {
    return String.valueOf(cookies.get(name));
  }

  public void setCookie(String name, String value) {
    cookies.put(name, value);
  }

  public Response get(String path, String... headers) {
    sendRequest("GET", path, "", headers);
    return response();
  }

  public Response post(String path, String type, String body) {
    sendRequest("POST", path, body, "Content-Type: " + type);
    return response();
  }

  public void sendRequest(String method, String path, String body, String... headers) {
    var head = new StringBuilder(method + " " + path + " HTTP/1.1\r\nHost: localhost\r\n");
    for (String header : always) {
      head.append(header).append("\r\n");
    }
    for (String header : headers) {
      head.append(header).append("\r\n");
    }
    if (!cookies.isEmpty()) {
      head.append("Cookie: ");
      cookies.forEach((name, value) -> head.append(name).append('=').append(value).append("; "));
      head.setLength(head.length() - 2);
      head.append("\r\n");
    }
    byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
    if (bytes.length > 0) {
      head.append("Content-Length: ").append(bytes.length).append("\r\n");
    }
    text(head + "\r\n" + body);
  }

  /** The next response; its body has to have a length. */
  public Response response() {
    var bytes = new ByteArrayOutputStream();
    String head = "";
    while (!head.endsWith("\r\n\r\n")) {
      int b = read();
      if (b < 0) {
        throw new AssertionError("the stream ended in a head: " + head);
      }
      bytes.write(b);
      head = bytes.toString(StandardCharsets.UTF_8);
    }
    var response = new Response(Integer.parseInt(head.substring(9, 12)), head, "");
    int length =
        response.header("content-length").stream()
            .mapToInt(Integer::parseInt)
            .findFirst()
            .orElse(0);
    if (keepsCookies) {
      response
          .header("set-cookie")
          .forEach(cookie -> cookies.put(cookie.split("=", 2)[0], cookie.split("[=;]", 3)[1]));
    }
    try {
      return new Response(
          response.status, head, new String(in.readNBytes(length), StandardCharsets.UTF_8));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void send(String request) {
    String[] words = request.split(" ", 3);
    if (List.of("POST", "PUT", "DELETE").contains(words[0])) {
      String body = words.length == 3 ? words[2] : "";
      sendRequest(words[0], words[1], body, "Content-Type: application/json");
    } else {
      sendRequest("GET", request, "");
    }
  }

  @Override
  public @Nullable String next() {
    return response().body;
  }
}
