package io.earshot.netty.admin;

import io.earshot.protocol.Json;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Stream;

/** Makes the pages in which the admin API lists things. */
final class AdminPage {
  private AdminPage() {}

  /** The first items by name, after a name. Does not sort all items. */
  static <T> List<T> first(Stream<T> all, Function<T, String> name, String after, int limit) {
    var first = new TreeMap<String, T>();
    all.forEach(
        each -> {
          String its = name.apply(each);
          if (its.compareTo(after) > 0
              && (first.size() < limit || its.compareTo(first.lastKey()) < 0)) {
            first.put(its, each);
            if (first.size() > limit) {
              first.pollLastEntry();
            }
          }
        });
    return List.copyOf(first.values());
  }

  /**
   * A page of items, and the name after which the next page begins, if there is one.
   *
   * @param field the name of the list
   * @param items one item more than the page holds, if there are as many
   * @param limit how many items the page holds
   */
  static <T> AdminReply of(
      String field, List<T> items, int limit, Function<T, String> name, Function<T, Json> encoder) {
    var page = new ArrayList<Json>();
    items.stream().limit(limit).map(encoder).forEach(page::add);
    var fields = new LinkedHashMap<String, Object>();
    fields.put(field, page);
    if (items.size() > limit) {
      fields.put("next", name.apply(items.get(limit - 1)));
    }
    return AdminReply.ok(Json.from(fields));
  }

  /** An object whose fields keep this order. */
  static Json object(Object... namesAndValues) {
    Map<String, Object> fields = new LinkedHashMap<>();
    for (int i = 0; i < namesAndValues.length; i += 2) {
      fields.put((String) namesAndValues[i], namesAndValues[i + 1]);
    }
    return Json.from(fields);
  }
}
