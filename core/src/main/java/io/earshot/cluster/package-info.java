/** Several servers that share their rooms over a broker, and make requests to each other. */
@NullMarked
package io.earshot.cluster;

import org.jspecify.annotations.NullMarked;
