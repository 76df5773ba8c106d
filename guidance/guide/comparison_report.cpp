#include "guidance/guide/comparison_report.hpp"

#include "guidance/guide/trajectories.hpp"
#include "guidance/journal.hpp"
#include "guidance/page.hpp"
#include "guidance/report.hpp"
#include "nn/npy.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <iterator>
#include <stdexcept>

namespace costate::guidance {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t most_in_gallery = 64;

std::string file_name_of(std::string_view method) {
    std::string name(method);
    for (char& c : name)
        if (c == ':') c = '_';
        else if (c == '=' || c == '/') c = '-';
    return name;
}

std::string base64(std::string_view bytes) {
    constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string text;
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        std::uint32_t word = 0;
        for (std::size_t j = 0; j < 3; ++j) word = word << 8 | (i + j < bytes.size() ? static_cast<unsigned char>(bytes[i + j]) : 0u);
        for (std::size_t j = 0; j < 4; ++j) text += i + j > bytes.size() ? '=' : digits[word >> (18 - 6 * j) & 63];
    }
    return text;
}

std::string image_html(const ImageShape& shape, std::span<const double> values, const std::string& title) {
    const std::size_t zoom = std::max<std::size_t>(1, 84 / std::max(shape.width, shape.height));
    return fmt::format("<img src=\"data:image/png;base64,{}\" width=\"{}\" height=\"{}\" style=\"image-rendering:pixelated\" title=\"{}\" alt=\"{}\">",
                       base64(png_bytes(shape, values)), zoom * shape.width, zoom * shape.height, escaped(title), escaped(title));
}

/// y as an image where it is one, else H⁺y.
std::string measurement_html(const GuideSetup& setup, std::size_t i) {
    const std::span<const double> y = setup.measurement_of(i);
    if (const auto shape = setup.H->measurement_shape()) return image_html(*shape, y, "measurement");
    std::vector<double> x(setup.shape.size());
    setup.H->pseudo_inverse(y, std::span<double>(x));
    return image_html(setup.shape, x, "pseudo-inverse of the measurement");
}

std::string gallery_cell(const fs::path& directory, const GuideSetup& setup, const GuideRow& row) {
    if (!row.loss) return fmt::format("<td title=\"{}\">failed</td>", escaped(row.note));
    const fs::path file = sample_file(directory, row.image, row.method, "npy");
    std::error_code ignored;
    if (!fs::exists(file, ignored)) return "<td>&ndash;</td>";
    const nn::Array kept = nn::read_npy(file);
    const std::vector<double> values(kept.begin(), kept.end());
    if (values.size() != setup.shape.size()) return "<td>&ndash;</td>";
    const std::string figure = row.psnr ? fmt::format("{:.1f} dB", *row.psnr) : row.class_ok ? (*row.class_ok ? "reached" : "missed") : fmt::format("{:.3g}", *row.loss);
    return fmt::format("<td>{}<br>{}</td>", image_html(setup.shape, values, row.method), figure);
}

std::string gallery(const fs::path& directory, const GuideSetup& setup, std::span<const GuideRow> rows) {
    std::vector<std::string> methods;
    for (const GuideRow& row : rows)
        if (std::find(methods.begin(), methods.end(), row.method) == methods.end()) methods.push_back(row.method);
    std::string text = "<h2>Gallery</h2>\n<div class=\"wide\"><table><thead><tr><th>image</th>";
    if (setup.truth.count > 0) text += "<th>truth</th>";
    if (setup.H) text += "<th>measurement</th>";
    for (const std::string& method : methods) text += fmt::format("<th>{}</th>", escaped(method));
    text += "</tr></thead><tbody>\n";
    for (std::size_t i = 0; i < std::min(setup.request.count, most_in_gallery); ++i) {
        const std::size_t image = setup.request.first + i;
        text += fmt::format("<tr><td>{}</td>", image);
        if (setup.truth.count > 0) text += "<td>" + image_html(setup.shape, setup.truth_of(i), "truth") + "</td>";
        if (setup.H) text += "<td>" + measurement_html(setup, i) + "</td>";
        for (const std::string& method : methods) {
            const auto row = std::find_if(rows.begin(), rows.end(), [&](const GuideRow& r) { return r.method == method && r.image == image; });
            text += row == rows.end() ? "<td>&ndash;</td>" : gallery_cell(directory, setup, *row);
        }
        text += "</tr>\n";
    }
    return text + "</tbody></table></div>\n";
}

std::string interval_cell(const std::optional<Interval>& value, int digits, double scale = 1) {
    if (!value) return "<td>&ndash;</td>";
    return fmt::format("<td title=\"95 % interval of the mean\">{:.{}f} <small>[{:.{}f}, {:.{}f}]</small></td>", scale * value->mean, digits, scale * value->low, digits,
                       scale * value->high, digits);
}

std::string table(std::span<const GuideSummary> list) {
    std::string text = "<div class=\"wide\"><table><thead><tr><th class=\"name\">method</th><th>images</th><th>failed</th><th>PSNR, dB</th><th>gain over H&#8314;y, dB</th>"
                       "<th>SSIM</th><th>class, %</th><th>PSNR of y, dB</th><th>loss</th><th>evaluations</th><th>vjps</th><th>restarts</th><th>time</th>"
                       "<th>memory</th></tr></thead><tbody>\n";
    for (const GuideSummary& s : list)
        text += fmt::format("<tr><td class=\"name\">{}</td><td>{}</td><td>{}</td>", escaped(s.method), s.count, s.failed) + interval_cell(s.psnr, 2) + interval_cell(s.gain, 2) +
                interval_cell(s.ssim, 3) + interval_cell(s.class_ok, 1, 100) + interval_cell(s.measurement_psnr, 1) + (s.loss ? fmt::format("<td>{:.3g}</td>", s.loss->mean) : std::string("<td>&ndash;</td>")) +
                fmt::format("<td>{:.0f}</td><td>{:.0f}</td><td>{:.1f}</td><td>{}</td><td>{}</td></tr>\n", s.evaluations, s.vjps, s.restarts, readable_seconds(s.seconds),
                            readable_bytes(static_cast<std::size_t>(s.peak_bytes)));
    return text + "</tbody></table></div>\n";
}

std::string sources(const GuideSetup& setup) {
    std::string text = "<h2>Methods</h2>\n<dl>\n";
    for (const GuidanceMethod& method : setup.methods) {
        std::string numbers;
        for (const ParameterValue& p : method.parameters())
            numbers += fmt::format("{}{} = {}", numbers.empty() ? "" : ", ", p.name,
                                   p.choices.empty() ? fmt::format("{}", p.value) : p.choices[static_cast<std::size_t>(p.value)]);
        text += fmt::format("<dt>{}</dt><dd>{}. {}. {}</dd>\n", escaped(method.name()), escaped(method.meaning()), escaped(method.source()), escaped(numbers));
    }
    return text + "</dl>\n";
}

std::string facts(const GuideSetup& setup) {
    std::string text = fmt::format("<dl><dt>Model</dt><dd>{} on {}, {}, in {}</dd><dt>Task</dt><dd>{}</dd><dt>Images</dt><dd>{} to {}, seed {}</dd>", escaped(setup.title),
                                   escaped(setup.path), escaped(to_string(setup.shape)), setup.precision, escaped(setup.task()), setup.request.first,
                                   setup.request.first + setup.request.count - 1, setup.request.seed);
    if (setup.H) text += fmt::format("<dt>Measurement</dt><dd>{} values of {}, noise &sigma; = {:.4g}</dd>", setup.H->rows(), setup.H->columns(), setup.sigma_y);
    return text + "<dt>Intervals</dt><dd>95 % of the mean over images, by 2000 bootstrap resamples. PSNR and SSIM of images are those of the sample cut to [-1, 1]; "
                  "the PSNR of y is 10 log(4m/&#8214;y - Hx&#8214;&sup2;) of the sample as it is.</dd></dl>\n";
}

std::optional<double> quality(const GuideSummary& s) {
    if (s.psnr) return s.psnr->mean;
    if (s.class_ok) return 100 * s.class_ok->mean;
    if (s.loss) return s.loss->mean;
    return std::nullopt;
}

}  // namespace

fs::path sample_file(const fs::path& directory, std::size_t image, std::string_view method, std::string_view ending) {
    return directory / "samples" / fmt::format("{:05}.{}.{}", image, file_name_of(method), ending);
}

void write_sample(const fs::path& directory, const GuideSetup& setup, const GuideRow& row, std::span<const double> sample) {
    if (sample.empty()) return;
    fs::create_directories(directory / "samples");
    write_samples_to(sample_file(directory, row.image, row.method, "npy"), setup, sample);
    if (setup.shape.is_image()) write_samples_to(sample_file(directory, row.image, row.method, "png"), setup, sample);
}

namespace {

/// IDX of unsigned bytes, N × H × W, big-endian sizes.
std::string idx_bytes(const ImageShape& shape, std::span<const double> samples) {
    std::string bytes("\0\0\x08\x03", 4);
    for (const std::size_t size : {samples.size() / shape.size(), shape.height, shape.width})
        for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(size >> shift & 0xff);
    for (const double v : samples) bytes += static_cast<char>(static_cast<unsigned char>(std::lround(127.5 * (std::clamp(v, -1.0, 1.0) + 1))));
    return bytes;
}

void write_array(const fs::path& file, const ImageShape& s, std::span<const double> samples) {
    std::vector<std::size_t> shape = s.is_image() ? std::vector<std::size_t>{s.channels, s.height, s.width} : std::vector<std::size_t>{s.size()};
    if (samples.size() != s.size()) shape.insert(shape.begin(), samples.size() / s.size());
    nn::Array values = nn::Array::from_shape(shape);
    std::copy(samples.begin(), samples.end(), values.begin());
    nn::write_npy(file, values);
}

}  // namespace

void write_samples_to(const fs::path& file, const GuideSetup& setup, std::span<const double> samples) {
    const std::string ending = file.extension().string();
    const ImageShape& shape = setup.shape;
    if (ending == ".npy") return write_array(file, shape, samples);
    if (ending != ".png" && ending != ".pgm" && ending != ".idx")
        throw std::invalid_argument(fmt::format("{}: samples are written as .png, .pgm, .npy or .idx; give one of these endings", file.string()));
    if (!shape.is_image()) throw std::invalid_argument(fmt::format("{}: samples of {} are no picture; write them to a .npy file", file.string(), to_string(shape)));
    if (ending == ".idx") {
        if (shape.channels != 1) throw std::invalid_argument(fmt::format("{}: an IDX file holds grey images; write these to a .npy file", file.string()));
        return write_file_atomically(file, idx_bytes(shape, samples));
    }
    if (samples.size() != shape.size()) throw std::invalid_argument(fmt::format("{}: a picture holds one sample; write several to .npy or .idx, or use --out DIR", file.string()));
    if (ending == ".png") write_png(file, shape, samples);
    else write_pgm(file, shape, samples);
}

std::string cost_script(std::span<const GuideSummary> list) {
    const bool psnr = std::any_of(list.begin(), list.end(), [](const GuideSummary& s) { return s.psnr.has_value(); });
    std::string data;
    for (const GuideSummary& s : list)
        if (const auto value = quality(s); value && s.seconds > 0 && !is_baseline(s.method)) data += fmt::format("{} {} \"{}\"\n", s.seconds, *value, s.method);
    if (data.empty()) return {};
    return fmt::format("$d << EOD\n{}EOD\nset title 'Quality against cost' font ',16'\nset logscale x\nset format x '10^{{%L}}'\nset xlabel 'seconds an image, one thread'\n"
                       "set ylabel '{}'\nset grid lc rgb '#dddddd'\nset offsets graph 0.12, graph 0.25, graph 0.08, graph 0.05\nunset key\n"
                       "plot $d using 1:2 with points pt 7 ps 0.8 lc rgb '#0072B2', $d using 1:2:3 with labels left offset 0.7,0.3 noenhanced font ',11' tc rgb '#1a1a1a'\n",
                       data, psnr ? "mean PSNR, dB" : "mean");
}

std::vector<std::string> write_guide_report(const fs::path& directory, const GuideSetup& setup, std::span<const GuideRow> rows, std::span<const std::string> remarks,
                                            bool complete, const std::function<bool()>& stop) {
    std::vector<std::string> sentences;
    const std::vector<GuideSummary> list = summaries(rows, setup.request.seed);
    std::string svg, why;
    if (const std::string script = cost_script(list); !script.empty()) {
        if (const auto drawn = run_gnuplot(script, "svg", why)) svg = *drawn;
        else sentences.push_back(why);
    }
    if (!svg.empty()) write_file_atomically(directory / "quality-against-cost.svg", svg);
    std::string ways;
    if (const std::string script = complete ? trajectory_script(setup, stop) : std::string(); !script.empty())
        if (const auto drawn = run_gnuplot(script, "svg", why)) write_file_atomically(directory / "trajectories.svg", ways = *drawn);
    std::string page = page_head("Guidance: " + setup.task()) + fmt::format("<h1>{}: {}</h1>\n", escaped(setup.title), escaped(setup.task()));
    for (const auto& remark : remarks) page += fmt::format("<p class=\"remark\">{}</p>\n", escaped(remark));
    page += facts(setup) + "<h2>Methods compared</h2>\n" + table(list);
    if (!svg.empty())
        page += fmt::format("<figure>\n{}\n<figcaption>Mean quality against mean seconds an image; up and to the left is better.</figcaption>\n</figure>\n", inline_svg(svg));
    if (!ways.empty())
        page += fmt::format("<figure>\n{}\n<figcaption>The way of samples from noise (light) to where they end (blue), over the model's own samples (yellow).</figcaption>\n</figure>\n", inline_svg(ways));
    if (setup.shape.is_image()) page += gallery(directory, setup, rows);
    page += sources(setup) + "<p>All rows: <code>table.csv</code>, and <code>rows.jsonl</code>, one JSON object a line; samples as arrays and pictures in <code>samples</code>.</p>\n";
    write_file_atomically(directory / "table.csv", guide_csv(rows));
    write_file_atomically(directory / "report.html", page + "</body>\n</html>\n");
    return sentences;
}

}  // namespace costate::guidance
