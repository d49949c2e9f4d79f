#version 440
// Planes of code values to what an ordinary screen shows; the same steps as flavr_core/comparison/display.py.

layout(std140, binding = 0) uniform Block {
    mat4 correction;
    vec4 clip;
    vec4 target;
    vec4 screen;
    vec4 contrast;
    mat4 toSignal[2];
    mat4 gamut[2];
    vec4 sizes[2];
    vec4 chroma[2];
    vec4 kinds[2];
} u;

layout(binding = 1) uniform sampler2D a0;
layout(binding = 2) uniform sampler2D a1;
layout(binding = 3) uniform sampler2D a2;
layout(binding = 4) uniform sampler2D a3;
layout(binding = 5) uniform sampler2D b0;
layout(binding = 6) uniform sampler2D b1;
layout(binding = 7) uniform sampler2D b2;
layout(binding = 8) uniform sampler2D b3;

layout(location = 0) in vec2 place;
layout(location = 0) out vec4 color;

const float GAMMA = 2.4;
const float WHITE_NITS = 203.0;
const float CHECKER_PX = 8.0;
const int MOST_STEPS = 9;

// 8 bits lie in r, 16 bits in r (low) and g (high).
float code(vec4 texel, float bytes)
{
    return bytes > 1.5 ? texel.r * 255.0 + texel.g * 65280.0 : texel.r * 255.0;
}

vec4 fetched(int side, int plane, ivec2 at)
{
    if (side == 0) {
        if (plane == 0) return texelFetch(a0, at, 0);
        if (plane == 1) return texelFetch(a1, at, 0);
        if (plane == 2) return texelFetch(a2, at, 0);
        return texelFetch(a3, at, 0);
    }
    if (plane == 0) return texelFetch(b0, at, 0);
    if (plane == 1) return texelFetch(b1, at, 0);
    if (plane == 2) return texelFetch(b2, at, 0);
    return texelFetch(b3, at, 0);
}

float luma(int side, int plane, ivec2 at)
{
    return code(fetched(side, plane, at), u.sizes[side].w);
}

// A plane of fewer samples at the place of a luma pixel: linear between its four neighbours.
float chroma(int side, int plane, ivec2 at)
{
    vec2 ratio = u.chroma[side].xy;
    ivec2 last = ivec2(ceil(u.sizes[side].xy / ratio)) - 1;
    vec2 where = (vec2(at) - u.chroma[side].zw) / ratio;
    vec2 low = floor(where);
    vec2 part = where - low;
    ivec2 p = clamp(ivec2(low), ivec2(0), last);
    ivec2 q = clamp(ivec2(low) + 1, ivec2(0), last);
    float bytes = u.sizes[side].w;
    float upper = mix(code(fetched(side, plane, p), bytes), code(fetched(side, plane, ivec2(q.x, p.y)), bytes), part.x);
    float lower = mix(code(fetched(side, plane, ivec2(p.x, q.y)), bytes), code(fetched(side, plane, q), bytes), part.x);
    return mix(upper, lower, part.y);
}

vec3 pqNits(vec3 signal)
{
    vec3 root = pow(signal, vec3(32.0 / 2523.0));
    return 10000.0 * pow(max(root - 3424.0 / 4096.0, 0.0) / (2413.0 / 128.0 - 2392.0 / 128.0 * root), vec3(16384.0 / 2610.0));
}

vec3 pqSignal(vec3 nits)
{
    vec3 root = pow(nits / 10000.0, vec3(2610.0 / 16384.0));
    return pow((3424.0 / 4096.0 + 2413.0 / 128.0 * root) / (1.0 + 2392.0 / 128.0 * root), vec3(2523.0 / 32.0));
}

vec3 hlgNits(vec3 signal)
{
    const float a = 0.17883277, b = 0.28466892, c = 0.55991073;
    vec3 dark = signal * signal / 3.0;
    vec3 bright = (exp((signal - c) / a) + b) / 12.0;
    return 1000.0 * pow(mix(dark, bright, step(0.5, signal)), vec3(1.2));
}

vec3 compressed(vec3 nits)
{
    float top = pqSignal(vec3(1000.0)).x;
    float most = pqSignal(vec3(WHITE_NITS)).x / top;
    float knee = 1.5 * most - 0.5;
    vec3 value = clamp(pqSignal(nits) / top, 0.0, 1.0);
    vec3 t = max(value - knee, 0.0) / (1.0 - knee);
    vec3 t2 = t * t, t3 = t2 * t;
    vec3 spline = (2.0 * t3 - 3.0 * t2 + 1.0) * knee + (t3 - 2.0 * t2 + t) * (1.0 - knee) + (3.0 * t2 - 2.0 * t3) * most;
    return min(pqNits(mix(value, spline, step(vec3(knee), value)) * top), vec3(WHITE_NITS));
}

vec3 toneMapped(int side, vec3 signal)
{
    float transfer = u.kinds[side].z;
    if (transfer < 0.5) return signal;
    vec3 light = pow(signal, vec3(GAMMA));
    if (transfer > 1.5) {
        vec3 nits = transfer < 2.5 ? pqNits(signal) : hlgNits(signal);
        light = compressed(nits) / WHITE_NITS;
    }
    vec3 here = (u.gamut[side] * vec4(light, 0.0)).rgb;
    return pow(clamp(here, 0.0, 1.0), vec3(1.0 / GAMMA));
}

// One pixel of the picture as the screen shows it.
vec3 pixel(int side, ivec2 at)
{
    at = clamp(at, ivec2(0), ivec2(u.sizes[side].xy) - 1);
    vec3 codes = vec3(luma(side, 0, at));
    if (u.kinds[side].x > 1.5) {
        bool full = u.chroma[side].x < 1.5 && u.chroma[side].y < 1.5;
        codes.y = full ? luma(side, 1, at) : chroma(side, 1, at);
        codes.z = full ? luma(side, 2, at) : chroma(side, 2, at);
    }
    vec3 signal = clamp((u.toSignal[side] * vec4(codes, 1.0)).rgb, 0.0, 1.0);
    signal = toneMapped(side, signal);
    if (u.kinds[side].y > 0.5) {
        float opacity = luma(side, 3, at) / u.sizes[side].z;
        vec2 square = floor(vec2(at) / CHECKER_PX);
        float board = mod(square.x + square.y, 2.0) < 0.5 ? 204.0 / 255.0 : 153.0 / 255.0;
        signal = mix(vec3(board), signal, opacity);
    }
    return signal;
}

// Bayer's thresholds: 0 to 63 sixty-fourths in an order that is even at every scale.
float threshold(vec2 at)
{
    ivec2 p = ivec2(at) & 7;
    int value = 0;
    for (int bit = 0; bit < 3; ++bit) {
        int x = (p.x >> bit) & 1, y = (p.y >> bit) & 1;
        value = value * 4 + (y == 1 ? (x == 1 ? 1 : 3) : 2 * x);
    }
    return (float(value) + 0.5) / 64.0;
}

// To codes of 8 bits: the nearest, or dithered where there were more bits.
vec3 coded(int side, vec3 signal, vec2 at)
{
    float offset = u.kinds[side].w > 0.5 || u.kinds[side].z > 0.5 ? threshold(at) : 0.5;
    return clamp(floor(signal * 255.0 + offset), 0.0, 255.0);
}

vec3 apart(vec3 a, vec3 b)
{
    vec3 found = abs(a - b) * (u.contrast.x > 0.5 ? u.contrast.y : 1.0);
    if (u.contrast.x > 1.5) found = 128.0 + (b - a) * u.contrast.y / 2.0;
    return clamp(found, 0.0, 255.0);
}

// The mean over a box of the picture: one pixel, four that run into each other, or all that lie in a smaller one.
// It is one loop because drivers write a shader out in full: every further call of `pixel` is another copy.
void main()
{
    int what = int(u.screen.z + 0.5);
    int side = what == 1 ? 1 : 0;
    vec2 size = u.sizes[side].xy;
    vec2 each = size / u.target.zw;                          // pixels of the picture in one of the screen
    vec2 middle = (place - u.target.xy) * each;              // on the picture, 0 at its edge
    bool smaller = each.x > 1.0 || each.y > 1.0;
    bool hard = !smaller && (u.screen.w < 0.5 || (each.x == 1.0 && each.y == 1.0));
    vec2 reach = max(each, vec2(1.0)) / 2.0;
    vec2 low = hard ? floor(middle) : middle - reach;
    vec2 high = hard ? low + 1.0 : middle + reach;
    vec2 first = floor(low);
    vec2 count = ceil(high) - first;
    vec2 steps = min(count, vec2(float(MOST_STEPS)));
    vec2 stride = count / steps;
    vec3 sums[2] = vec3[2](vec3(0.0), vec3(0.0));
    vec3 found = vec3(0.0);
    float total = 0.0;
    for (int number = 0; number < MOST_STEPS * MOST_STEPS; ++number) {
        vec2 step = vec2(mod(float(number), steps.x), floor((float(number) + 0.5) / steps.x));
        if (step.y >= steps.y) break;
        vec2 at = floor(first + floor(step + 0.5) * stride);
        vec2 covered = max(min(high, at + stride) - max(low, at), 0.0);
        float weight = covered.x * covered.y;
        vec3 values[2] = vec3[2](vec3(0.0), vec3(0.0));
        for (int one = 0; one < 2; ++one) {
            if (what < 2 && one != what) continue;
            ivec2 where = ivec2(clamp(at, vec2(0.0), size - 1.0));
            if (one != side) where = ivec2((vec2(where) + 0.5) * u.sizes[one].xy / size);
            vec3 value = pixel(one, where);
            values[one] = smaller ? value * 255.0 : coded(one, value, at);
            sums[one] += weight * values[one];
        }
        found += weight * apart(values[0], values[1]);
        total += weight;
    }
    total = max(total, 1e-6);
    vec3 shown;
    if (what < 2) shown = smaller ? coded(what, sums[what] / total / 255.0, place) : sums[what] / total;
    else if (smaller) shown = apart(coded(0, sums[0] / total / 255.0, place), coded(1, sums[1] / total / 255.0, place));
    else shown = found / total;
    color = vec4(shown / 255.0, 1.0);
}
